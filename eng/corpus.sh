#!/usr/bin/env bash
# The rulers over public data: ./palisade test corpus --data DIR, with the rulers in DIR/../tools.
set -uo pipefail
root=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
data=$(cd "$1" && pwd); tools=$data/../tools
[ -f "$tools/run_logs.py" ] || { echo "palisade test corpus: the rulers are expected in $tools" >&2; exit 2; }
command -v python3 >/dev/null || { echo "palisade test corpus: python3 is missing. Run: apt-get install python3" >&2; exit 4; }
"$root/palisade" build || exit $?
passed=0 failed=0
# A floor is what the last release reached, a little below; it only rises.
ruler() { local title=$1; shift; judge "$title" python3 "$@"; }
judge() {
  local title=$1; shift
  echo "== $title" >&2
  local t0=$SECONDS text
  if text=$("$@" 2>&1); then passed=$((passed + 1)); verdict=ok; else failed=$((failed + 1)); verdict=BELOW; fi
  printf '%s: %s [%s, %s s]\n' "$title" "$(printf '%s\n' "$text" | tail -n 1)" "$verdict" $((SECONDS - t0))
}
# Every rule on each so-manieth event of the public stream, judged by the engine and by its slow second reading.
oracle() {
  local every=$1 t said; t=$(mktemp -d)
  tar xzf "$data/sigma/rules.tar.gz" -C "$t" && gzip -dc "$data/sigma/windows_events.ndjson.gz" | awk -v n="$every" 'NR % n == 1' >"$t/events.ndjson"
  said=$("$root/palisade" rules match --any-logsource --oracle --rules "$t" --events "$t/events.ndjson" 2>&1 >/dev/null | tail -n 1)
  rm -rf "$t"; echo "$said"
  [[ $said == oracle:*", 0 differences" ]]
}
source "$root/eng/corpus-floors.sh"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
