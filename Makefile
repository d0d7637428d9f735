# Zoco. GNU make, no configure. `make help` lists the targets.
#
# A new folder in cgi/ is a new program, a new file in cron/ a new job, a new
# tests/unit/*_test.c a new test: found by wildcard, no edit here.

MODE    ?= release
CC      ?= gcc
VERSION := 0.1.0
PREFIX  ?= /usr/local
B       := build/$(MODE)

PKGS  := fcgi libpq hiredis json-c liboath libcurl libsodium libcrypto libqrencode gdlib libcbor zlib
DEBS_BUILD := gcc make pkg-config libfcgi-dev libpq-dev libhiredis-dev \
	libjson-c-dev liboath-dev libcurl4-openssl-dev libssl-dev \
	libsodium-dev libqrencode-dev libgd-dev libcbor-dev zlib1g-dev \
	python3-zxcvbn
DEBS_RUN   := nginx-light libnginx-mod-nchan postgresql-15 redis-server procps
DEBS_DEMO  := python3-minimal python3-aiosmtpd
DEBS_TEST  := libcmocka-dev nodejs npm chromium clang libclang-rt-14-dev \
	clang-format wrk strace shellcheck openssl oathtool

WARN := -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion \
	-Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla \
	-Wwrite-strings -Wundef -Wcast-qual -Wpointer-arith \
	-Wimplicit-fallthrough -Werror=format-security -fno-common
HARD := -fstack-protector-strong -fstack-clash-protection -fcf-protection \
	-ftrivial-auto-var-init=zero -fno-strict-overflow -fPIE
CFLAGS_release  := -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
CFLAGS_debug    := -O0
CFLAGS_asan     := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
LDFLAGS_asan    := -fsanitize=address,undefined
CFLAGS_cov      := -O0 --coverage
LDFLAGS_cov     := --coverage
ifeq ($(DEV),1)
WARN += -Werror
endif

ALL_CFLAGS  := -std=gnu11 -g $(WARN) $(HARD) $(CFLAGS_$(MODE)) -Ilib \
	-I$(B)/gen -DZOCO_VERSION='"$(VERSION)"' \
	$(shell pkg-config --cflags $(PKGS) 2>/dev/null) $(CFLAGS)
ALL_LDFLAGS := -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed \
	$(LDFLAGS_$(MODE)) $(LDFLAGS)
LIBS        := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm

LIB_SRC := $(wildcard lib/*/*.c)
DOMAINS := $(notdir $(patsubst %/,%,$(wildcard cgi/*/)))
JOBS    := $(basename $(notdir $(wildcard cron/*.c)))
UNITS   := $(basename $(notdir $(wildcard tests/unit/*_test.c)))
FUZZERS := $(basename $(notdir $(wildcard tests/fuzz/*_fuzz.c)))
obj      = $(patsubst %.c,$(B)/%.o,$(1))

# A job names its domain by including its header; no include, no domain.
job_domain = $(shell sed -n 's|^\#include "cgi/\([a-z]*\)/.*|\1|p' cron/$(1).c | head -1)
domain_objects = $(if $(1),$(call obj,$(filter-out cgi/$(1)/main.c,$(wildcard cgi/$(1)/*.c))) $(B)/gen/$(1)_files.o)

.DEFAULT_GOAL := all
# What is run by hand has no "job" in its name.
job_program = $(if $(filter admin,$(1)),zoco-admin,zoco-job-$(1))
all: $(DOMAINS:%=$(B)/bin/zoco-%) $(foreach j,$(JOBS),$(B)/bin/$(call job_program,$(j))) \
	$(B)/bin/zoco-migrate

$(B)/libzoco.a: $(call obj,$(LIB_SRC)) $(B)/gen/lib_files.o $(B)/gen/common_passwords.o
	@rm -f $@; $(AR) rcs $@ $^

# The passwords that everybody tries first: lib/crypto/common_password.h
COMMON_PASSWORDS := /usr/lib/python3/dist-packages/zxcvbn/frequency_lists.py
$(B)/gen/common_passwords.S: $(COMMON_PASSWORDS)
	@mkdir -p $(@D)
	@sed -n 's/^ *"passwords": "\([^"]*\)".*/\1/p' $< | tr , '\n' | grep '^....' | \
		tr A-Z a-z | LC_ALL=C sort -u > $(@D)/common_passwords.txt
	@[ "$$(wc -l < $(@D)/common_passwords.txt)" -gt 20000 ]
	@printf '	.section .rodata\n	.globl %s, %s\n%s:	.incbin "%s"\n%s:	.byte 0\n%s\n' \
		common_passwords common_passwords_end common_passwords \
		$(@D)/common_passwords.txt common_passwords_end \
		'	.section .note.GNU-stack,"",@progbits' > $@

define domain
$(B)/bin/zoco-$(1): $(call obj,$(wildcard cgi/$(1)/*.c)) $(B)/gen/$(1)_files.o $(B)/libzoco.a
	@mkdir -p $$(@D); $$(CC) $$(ALL_CFLAGS) $$(ALL_LDFLAGS) -o $$@ $$^ $$(LIBS)
$(B)/gen/$(1)_files.S: $(wildcard cgi/$(1)/pages/* cgi/$(1)/pages/*/* cgi/$(1)/lang/*) lib/embed.sh
	@mkdir -p $$(@D); sh lib/embed.sh program_files cgi/$(1) > $$@
endef
$(foreach d,$(DOMAINS),$(eval $(call domain,$(d))))

define job
$(B)/bin/$(call job_program,$(1)): $(B)/cron/$(1).o $(call domain_objects,$(call job_domain,$(1))) $(B)/libzoco.a
	@mkdir -p $$(@D); $$(CC) $$(ALL_CFLAGS) $$(ALL_LDFLAGS) -o $$@ $$^ $$(LIBS)
endef
$(foreach j,$(JOBS),$(eval $(call job,$(j))))

$(B)/bin/zoco-migrate: $(B)/sql/migrate.o $(B)/libzoco.a
	@mkdir -p $(@D); $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(B)/gen/lib_files.S: $(wildcard lib/web/pages/* lib/web/lang/*) lib/embed.sh
	@mkdir -p $(@D); sh lib/embed.sh lib_files lib/web > $@

$(B)/unit/%: $(B)/tests/unit/%.o $(B)/libzoco.a
	@mkdir -p $(@D); $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D); $(CC) $(ALL_CFLAGS) -I. -MMD -MP -c -o $@ $<
$(B)/%.o: $(B)/%.S $(B)/flags
	@$(CC) -c -o $@ $<
$(B)/flags: FORCE
	@mkdir -p $(@D); echo '$(CC) $(ALL_CFLAGS)' | cmp -s - $@ || \
		echo '$(CC) $(ALL_CFLAGS)' > $@

unit: $(UNITS:%=$(B)/unit/%) ## the unit tests of this MODE
	@set -e; for t in $^; do $$t; done

clean: ## removes what was built
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | sort | expand -t 16

# --- The private instance, the tests, the installation -------------------
# The scripts in tests/ do the work.

PORT    ?= 8080
DESTDIR ?=
SHARE   := $(DESTDIR)$(PREFIX)/share/zoco

$(B)/fuzz/%_replay: $(B)/tests/fuzz/%_fuzz.o $(B)/tests/fuzz/replay.o \
		$(B)/libzoco.a
	@mkdir -p $(@D); $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# Programs that only tests run
TEST_PROGRAMS := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/*/*_program.c))
$(B)/tests/%: $(B)/tests/%.o $(B)/libzoco.a
	@mkdir -p $(@D); $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)
test-programs: $(TEST_PROGRAMS)

packages: ## installs what building and the demo need
	@tests/instance packages $(DEBS_BUILD) $(DEBS_RUN) $(DEBS_DEMO)

packages-test: packages ## and what the tests need
	@tests/instance packages $(DEBS_TEST)

demo: packages ## the demo shop on 127.0.0.1, PORT=8080
	@tests/instance demo $(PORT)

stop: ## stops the demo shop
	@tests/instance stop $(PORT)

reset: ## stops it and throws its data away
	@tests/instance reset $(PORT)

check: packages-test ## builds and runs all tests
	@tests/run

bench: ## what a request costs, against the bare limits
	@tests/bench/run

lighthouse: ## what Lighthouse thinks of four pages (downloads it)
	@tests/bench/lighthouse

install: all ## into DESTDIR, PREFIX=/usr/local; see INSTALL.md
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARE)
	install $(B)/bin/zoco-* $(DESTDIR)$(PREFIX)/bin
	install tests/instance.d/make-keys $(DESTDIR)$(PREFIX)/bin/zoco-make-keys
	cp -r sql nginx $(SHARE)
	install -d $(DESTDIR)$(PREFIX)/share/man/man1
	for job in $(JOBS:admin=); do cron/man $(B)/bin/zoco-job-$$job \
		> $(DESTDIR)$(PREFIX)/share/man/man1/zoco-job-$$job.1 || exit 1; done
	find cron -name '*.crontab' -exec cp {} $(SHARE) ';'

.PHONY: test-programs packages packages-test demo stop reset check bench lighthouse \
	install
# -------------------------------------------------------------------------

.PHONY: all unit clean help FORCE
FORCE:
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
