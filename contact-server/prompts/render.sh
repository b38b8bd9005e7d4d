#!/usr/bin/env bash
# Renders the default prompts beside this script. Needs Debian's espeak-ng and sox. The same versions give the
# same bytes. README.md says what each clip is for and how a business makes its own.
set -euo pipefail
cd "$(dirname "$0")"

readonly VOICE=en-us   # the clearest of espeak-ng's English voices over a telephone
readonly SPEED=150     # words a minute; the default of 175 hurries
readonly PITCH=42      # a little below the default of 50

readonly WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

# say CLIP TEXT: speech, freed of rumble and of silence at its ends, evened out, 8 kHz mono 16 bit.
say() {
    espeak-ng -v "$VOICE" -s "$SPEED" -p "$PITCH" -w "$WORK/$1.wav" "$2"
    sox -D "$WORK/$1.wav" -r 8000 -c 1 -b 16 -e signed-integer "$1.wav" \
        gain -8 highpass 110 \
        compand 0.02,0.20 6:-60,-50,-30,-18,-14,-12,-9,0,-9 0 -60 0.02 \
        silence 1 0.01 0.3% fade t 0.005 reverse \
        silence 1 0.01 0.3% fade t 0.010 reverse \
        norm -4
}

# chord FILE NOTE...: a strummed chord of a second and a half that has died away at its end.
chord() {
    local file=$1 plucks=() delays=() at=0
    shift
    for note in "$@"; do
        plucks+=(pluck "$note")
        delays+=("$(printf '0.%03d' "$at")")
        at=$((at + 140))
    done
    sox -R -D -n -r 16000 "$file" synth 1.5 "${plucks[@]}" delay "${delays[@]}" trim 0 1.5 remix - fade t 0.01 1.5 0.4
}

# Said before and after the name of the business. No full stop: the sentence goes on with the name.
say this_is_a_call_from "This is a call from,"
say please_hold_while_we_connect_you_to "Please hold, while we connect you to,"
say press_one "Press 1, to be connected. Press 9, never to be called again."
say sorry "Sorry, nobody is free at the moment. We will call you again."
say opted_out "You will not be called again. Goodbye."

# The names. The first stands in for a business that has not uploaded its own.
say name_unnamed "the company you contacted."
say name_harbour_and_pine "Harbour and Pine."

# Six seconds to be repeated: each chord fades out before the next, so the end joins the start.
chord "$WORK/c.wav" C3 G3 C4 E4 G4
chord "$WORK/a.wav" A2 E3 A3 C4 E4
chord "$WORK/f.wav" F2 C3 F3 A3 C4
chord "$WORK/g.wav" G2 D3 G3 B3 D4
sox -D "$WORK/c.wav" "$WORK/a.wav" "$WORK/f.wav" "$WORK/g.wav" -r 8000 -c 1 -b 16 -e signed-integer on_hold.wav \
    lowpass 2200 norm -16

du -bc -- *.wav
