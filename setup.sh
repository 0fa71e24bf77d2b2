#!/usr/bin/env bash
# Installs what Retake needs beside Rust. Does nothing when all is there.
#   ./setup.sh        what `cargo run --release` needs
#   ./setup.sh --dev  also what `cargo test --workspace` and .ci/run need
set -euo pipefail
cd "$(dirname "$0")"

dev=0
case "${1-}" in
    "") ;;
    --dev) dev=1 ;;
    *) echo "usage: ./setup.sh [--dev]" >&2; exit 2 ;;
esac

say() { printf '%12s %s\n' "$1" "$2" >&2; }

if ! command -v cargo >/dev/null; then
    say Missing "Rust 1.95 or newer: install it with rustup, then run this again"
    exit 1
fi

case "$(uname -s)" in
    Linux) ;;
    Darwin) say Ready "macOS needs nothing but the Xcode command line tools; tests also want Chromium and: npm install --no-save --prefix ui"; exit 0 ;;
    *) say Ready "Windows needs nothing but the MSVC build tools; tests also want Chromium and: npm install --no-save --prefix ui"; exit 0 ;;
esac

if ! command -v apt-get >/dev/null; then
    say Packages "this script installs on Debian and Ubuntu; on your system install by hand:"
    say Fedora "gcc pkgconf-pkg-config alsa-lib-devel pipewire-jack-audio-connection-kit-devel (tests: chromium pulseaudio nodejs)"
    say Arch "base-devel pkgconf alsa-lib jack2 (tests: chromium pulseaudio nodejs npm)"
    exit 0
fi

# need PACKAGE, or need_command PACKAGE COMMAND where another package may give the command.
missing=()
need() { dpkg -s "$1" >/dev/null 2>&1 || missing+=("$1"); }
need_command() { command -v "$2" >/dev/null || missing+=("$1"); }

need_command gcc cc
# Only recommended by gcc, but nothing links without it.
need libc6-dev
need_command pkg-config pkg-config
need libasound2-dev
# JACK itself is loaded when it is used, but building wants its headers; any JACK's will do.
pkg-config --exists jack 2>/dev/null || missing+=(libjack-jackd2-dev)
if [ "$dev" = 1 ]; then
    need_command chromium chromium
    need_command pulseaudio pulseaudio
    need_command pulseaudio-utils pactl
    # Asks a question when installed with a terminal: see DEBIAN_FRONTEND.
    need_command jackd2 jackd
    need_command nodejs node
    command -v npm >/dev/null || missing+=(npm)
fi

if [ "${#missing[@]}" -gt 0 ]; then
    say Installing "${missing[*]}"
    as_root=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || { say Missing "sudo, or run this as root"; exit 1; }
        as_root=(sudo)
    fi
    "${as_root[@]}" apt-get update -qq >&2
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
fi

if [ "$dev" = 1 ]; then
    command -v cargo-deny >/dev/null || {
        say Installing "cargo-deny (compiles for some minutes, once)"
        cargo install --quiet --locked cargo-deny --version 0.20.2 >&2
    }
    # What only checks the page; none of it is part of the product.
    npm ls --silent --prefix ui >/dev/null 2>&1 || {
        say Installing "typescript and axe-core, into ui/node_modules"
        npm install --silent --no-save --no-package-lock --prefix ui >&2
    }
fi
say Ready "$([ "$dev" = 1 ] && echo 'cargo test --workspace' || echo 'cargo run --release')"
