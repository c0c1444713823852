# make            build/ngx_exportsite_module.so, for the installed nginx
# make test       all tests (scripts/test installs what they need first)
# make unit fuzz-short http lint bench fuzz clean

BUILD     := build
NGINX_SRC ?= /usr/share/nginx/src
ES_CFLAGS := -Wall -Wextra -Wno-unused-parameter -Werror
MODULE    := $(BUILD)/ngx_exportsite_module.so

SRCS := $(wildcard ngx_exportsite_module/*/*.c ngx_exportsite_module/*/*.h) config

.PHONY: all module asan unit fuzz fuzz-short http http-asan lint bench test \
        clean

all: $(MODULE)

$(MODULE): $(SRCS)
	scripts/build-module $(BUILD)/nginx $@ "$(ES_CFLAGS)"

# The same under the address and undefined-behaviour sanitizers
asan: $(BUILD)/asan/ngx_exportsite_module.so

$(BUILD)/asan/ngx_exportsite_module.so: $(SRCS)
	scripts/build-module $(BUILD)/nginx-asan $@ "$(ES_CFLAGS) -O1 \
	  -fno-omit-frame-pointer -fsanitize=address,undefined \
	  -fno-sanitize-recover=undefined" "-fsanitize=address,undefined"

unit:
	$(MAKE) -C tests/unit

fuzz-short:
	$(MAKE) -C tests/fuzz short

fuzz:
	$(MAKE) -C tests/fuzz long

http: $(MODULE)
	scripts/test-http $(MODULE)

http-asan: asan
	scripts/test-http $(BUILD)/asan/ngx_exportsite_module.so

lint:
	scripts/lint

bench: $(MODULE)
	bench/run

test:
	scripts/test

clean:
	rm -rf $(BUILD)
	$(MAKE) -C tests/unit clean
	$(MAKE) -C tests/fuzz clean
