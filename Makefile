# make             build/ngx_exportsite_module.so, for the installed nginx, and
#                  the program build/exportsite
# make install-cli the program, its manual page, completion and unit; to
#                  PREFIX (/usr/local) below DESTDIR
# make manual      conf/exportsite.1 and .bash anew, after a change of the help
# make test        all tests (scripts/test installs what they need first)
# make unit        the unit tests, with sanitizers
# make unit-msan   the same, and the fuzzers' seeds, under the memory sanitizer
# make valgrind    the same, and some tests over HTTP, under valgrind: slow
# make cli         the tests of the program
# make http        the tests over HTTP; http-asan: with sanitizers
# make fuzz-short  each fuzz target for ten seconds; fuzz: ten million times
# make fuzz-requests  whole requests for SECONDS=600, to a sanitized nginx
# make lint        style and layers, cppcheck, clang-tidy, gcc's analyzer
# make bench       what a request costs
# make clang       both by clang, in build/clang; asan: with sanitizers
# make debian13    all tests in a fresh Debian 13; debian12: 12 (needs root)
#
# CC chooses the compiler, NGINX_SRC the sources of nginx (headers will do).

BUILD     := build
ES_CFLAGS := -Wall -Wextra -Wno-unused-parameter -Werror
MODULE    := $(BUILD)/ngx_exportsite_module.so
PROGRAM   := $(BUILD)/exportsite
PREFIX    := /usr/local

SRCS := $(wildcard ngx_exportsite_module/core/*.[ch] \
          ngx_exportsite_module/redis/*.[ch] \
          ngx_exportsite_module/nginx/*.[ch]) config scripts/build-module

# as many compilers at once as there are processors
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif

.PHONY: all program install-cli manual asan clang unit unit-msan valgrind cli \
        fuzz fuzz-short fuzz-requests http http-asan lint bench test debian12 \
        debian13 clean

all: $(MODULE) $(PROGRAM)

$(MODULE): $(SRCS)
	scripts/build-module $(BUILD)/nginx $@ "$(ES_CFLAGS)"

# The program, of the layers that know nothing of nginx
HOUSE       := ngx_exportsite_module
LAYERS      := core learn redis cli
CLI_SRCS    := $(wildcard $(LAYERS:%=$(HOUSE)/%/*.c))
CLI_HEADERS := $(wildcard $(LAYERS:%=$(HOUSE)/%/*.h))
CLI_CFLAGS  := -std=gnu11 -D_GNU_SOURCE -O2 -g -fstack-protector-strong \
               -D_FORTIFY_SOURCE=2 $(ES_CFLAGS)
CLI_LDFLAGS := -Wl,-z,relro -Wl,-z,now
CLI_LIBS    := -lhiredis -ljansson -lmaxminddb -lpcre2-8 -lcrypto -lz -lm

program: $(PROGRAM)

$(PROGRAM): $(CLI_SRCS:$(HOUSE)/%.c=$(BUILD)/cli/%.o)
	@$(CC) $(CLI_LDFLAGS) -o $@ $^ $(CLI_LIBS)

$(BUILD)/cli/%.o: $(HOUSE)/%.c $(CLI_HEADERS) Makefile
	@mkdir -p $(@D)
	@$(CC) $(CLI_CFLAGS) -c -o $@ $<

manual: $(PROGRAM)
	$(PROGRAM) manual man >conf/exportsite.1
	$(PROGRAM) manual bash >conf/exportsite.bash

ROOT_PREFIX = $(DESTDIR)$(PREFIX)

install-cli: $(PROGRAM)
	install -D -m 755 $(PROGRAM) $(ROOT_PREFIX)/bin/exportsite
	install -D -m 644 conf/exportsite.1 \
	  $(ROOT_PREFIX)/share/man/man1/exportsite.1
	install -D -m 644 conf/exportsite.bash \
	  $(ROOT_PREFIX)/share/bash-completion/completions/exportsite
	install -d $(ROOT_PREFIX)/lib/systemd/system
	sed 's|/usr/local/bin|$(PREFIX)/bin|' conf/exportsite-learn.service \
	  >$(ROOT_PREFIX)/lib/systemd/system/exportsite-learn.service

# The same under gcc's address and undefined-behaviour sanitizers
SANITIZE := -fsanitize=address,undefined
SANITIZED := $(ES_CFLAGS) -O1 -U_FORTIFY_SOURCE -fno-omit-frame-pointer \
             $(SANITIZE) -fno-sanitize-recover=undefined

asan: $(BUILD)/asan/ngx_exportsite_module.so
	@$(MAKE) -s program CC=gcc BUILD=$(BUILD)/asan ES_CFLAGS="$(SANITIZED)" \
	  CLI_LDFLAGS=$(SANITIZE)

$(BUILD)/asan/ngx_exportsite_module.so: $(SRCS)
	CC=gcc scripts/build-module $(BUILD)/nginx-asan $@ "$(SANITIZED)" \
	  $(SANITIZE)

# Its own compiler, whatever CC says: both have to take it
clang: $(BUILD)/clang/ngx_exportsite_module.so
	@$(MAKE) -s program CC=clang BUILD=$(BUILD)/clang

$(BUILD)/clang/ngx_exportsite_module.so: $(SRCS)
	CC=clang scripts/build-module $(BUILD)/nginx-clang $@ "$(ES_CFLAGS)"

unit:
	$(MAKE) -C tests/unit

unit-msan:
	$(MAKE) -C tests/unit msan
	$(MAKE) -C tests/fuzz msan

# of the tests over HTTP those in which much happens, and no time is measured
VALGRIND_TESTS := test_slot_sources.py test_variables.py test_whoami.py \
                  test_visitor.py

valgrind: $(MODULE)
	$(MAKE) -C tests/unit valgrind
	ES_VALGRIND=1 ES_JOBS=$(shell nproc) scripts/test-http $(MODULE) \
	  $(VALGRIND_TESTS)

fuzz-requests: asan
	ES_FUZZ_SECONDS=$(or $(SECONDS),600) ES_FUZZ_SEED=$(SEED) ES_JOBS=0 \
	  scripts/test-http $(BUILD)/asan/ngx_exportsite_module.so -s \
	  test_request_fuzz.py

fuzz-short:
	$(MAKE) -C tests/fuzz short

fuzz:
	$(MAKE) -C tests/fuzz long

cli: $(PROGRAM)
	scripts/test-cli $(PROGRAM)

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

debian12:
	scripts/try-debian bookworm

debian13:
	scripts/try-debian trixie

clean:
	rm -rf $(BUILD)
