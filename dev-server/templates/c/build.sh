#!/bin/sh
# Builds plugin-name.clap. Retake runs this on every save; CC and CFLAGS are yours.
set -eu
cd "$(dirname "$0")"
# shellcheck disable=SC2086 # CFLAGS are words
${CC:-cc} -std=c11 -O2 -g -Wall -Wextra -fPIC -fvisibility=hidden ${CFLAGS:-} \
    -shared -o plugin-name.clap src/plugin.c -lm
