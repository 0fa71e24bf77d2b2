#!/bin/sh
# Builds the plugin, loads it as a host does, and listens.
set -eu
cd "$(dirname "$0")"
./build.sh
${CC:-cc} -std=gnu11 -g -Wall -Wextra -o tests/test tests/test.c -ldl -lm
tests/test ./plugin-name.clap
