# make             build/ngx_exportsite_module.so, for the installed nginx
# make test        all tests (scripts/test installs what they need first)
# make unit        the unit tests of core/, with sanitizers
# make http        the tests over HTTP; http-asan: with sanitizers
# make fuzz-short  each fuzz target for ten seconds; fuzz: ten million times
# make lint        style and layers
# make bench       what a request costs
# make clang       the module by clang, in build/clang; asan: with sanitizers
#
# CC chooses the compiler, NGINX_SRC the sources of nginx (headers will do).

BUILD     := build
ES_CFLAGS := -Wall -Wextra -Wno-unused-parameter -Werror
MODULE    := $(BUILD)/ngx_exportsite_module.so

SRCS := $(wildcard ngx_exportsite_module/*/*.[ch]) config scripts/build-module

.PHONY: all asan clang unit fuzz fuzz-short http http-asan lint bench test clean

all: $(MODULE)

$(MODULE): $(SRCS)
	scripts/build-module $(BUILD)/nginx $@ "$(ES_CFLAGS)"

# The same under gcc's address and undefined-behaviour sanitizers
asan: $(BUILD)/asan/ngx_exportsite_module.so

$(BUILD)/asan/ngx_exportsite_module.so: $(SRCS)
	CC=gcc scripts/build-module $(BUILD)/nginx-asan $@ "$(ES_CFLAGS) -O1 \
	  -U_FORTIFY_SOURCE -fno-omit-frame-pointer -fsanitize=address,undefined \
	  -fno-sanitize-recover=undefined" "-fsanitize=address,undefined"

# Its own compiler, whatever CC says: both have to take it
clang: $(BUILD)/clang/ngx_exportsite_module.so

$(BUILD)/clang/ngx_exportsite_module.so: $(SRCS)
	CC=clang scripts/build-module $(BUILD)/nginx-clang $@ "$(ES_CFLAGS)"

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
