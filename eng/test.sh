#!/usr/bin/env bash
# ./palisade test [AREA...] [--fast] | test corpus --data DIR | test soak
set -uo pipefail
root=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 70
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
say() { printf '%s\n' "$*" >&2; }
usage() {
  cat >&2 <<'TXT'
Runs what a change must pass, from the clone alone.

  ./palisade test                      everything
  ./palisade test --fast               without the end-to-end and store areas
  ./palisade test journal engine       only these areas (names of folders below tests/, any case)
  ./palisade test soak                 long kill, fuzz and load loops
  ./palisade test corpus --data DIR    public data sets and their rulers
TXT
}

areas=() fast=0 corpus=0 data='' soak=0
while [ $# -gt 0 ]; do
  case $1 in
    --fast) fast=1 ;;
    corpus) corpus=1 ;;
    soak) soak=1 ;;
    --data) data=${2:-}; shift ;;
    -h|--help) usage; exit 0 ;;
    -*) say "palisade test: unknown flag $1"; usage; exit 2 ;;
    *) areas+=("$1") ;;
  esac
  shift
done

if [ $corpus = 1 ]; then
  [ -n "$data" ] && [ -d "$data" ] || { say "palisade test corpus: --data DIR must name the folder with the data sets."; exit 2; }
  exec "$root/eng/corpus.sh" "$data"
fi
[ $soak = 1 ] && export PALISADE_SOAK=1

# Debian packages the tests drive. rsyslog and syslog-ng exclude each other, so both are only unpacked.
packages=(chromium fonts-noto-cjk postgresql curl zstd logrotate util-linux openssl)
missing=()
for p in "${packages[@]}"; do dpkg -s "$p" >/dev/null 2>&1 || missing+=("$p"); done
if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ]; then
    say "Installing ${missing[*]} (needed by the tests) ..."
    apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null \
      || { say "palisade test: apt-get could not install ${missing[*]}."; exit 4; }
  else
    say "palisade test: missing Debian packages. Run: sudo apt-get install -y ${missing[*]}"; exit 4
  fi
fi
unpack() { # folder, a file that is there when it is done, packages...
  local to=$root/artifacts/$1 proof=$2; shift 2
  [ -e "$to/$proof" ] && return 0
  mkdir -p "$to/deb"
  say "Unpacking $1 (used as a real sender) ..."
  (cd "$to/deb" && apt-get download -q "$@" >/dev/null 2>&1 && for d in *.deb; do dpkg -x "$d" .. || exit 1; done) \
    || { say "palisade test: could not fetch $*. Run: apt-get update"; exit 4; }
}
unpack senders usr/lib/x86_64-linux-gnu/rsyslog/omrelp.so \
  rsyslog rsyslog-elasticsearch rsyslog-relp rsyslog-openssl rsyslog-gnutls librelp0 libestr0 libfastjson4 liblognorm5
# Unpacked, not installed: a package would start it.
unpack senders usr/sbin/nginx nginx
unpack syslog-ng usr/sbin/syslog-ng syslog-ng-core libivykis0 libnet1 libwrap0 libjson-c5 libglib2.0-0 libpcre3
export PALISADE_SENDERS=$root/artifacts/senders PALISADE_SYSLOG_NG=$root/artifacts/syslog-ng
clients=tests/Palisade.EndToEnd.Tests/clients
if [ ! -f "$clients/node_modules/.package-lock.json" ] || [ "$clients/package-lock.json" -nt "$clients/node_modules/.package-lock.json" ]; then
  say "Installing the clients that the tests send with ..."
  npm ci --prefix "$clients" --no-audit --no-fund --ignore-scripts >artifacts/clients.log 2>&1 \
    || { say "palisade test: npm could not install the clients (artifacts/clients.log)."; exit 4; }
  touch "$clients/node_modules/.package-lock.json"
fi

"$root/palisade" build || exit $?
say "Compiling the tests ..."
mkdir -p artifacts
if ! dotnet build Palisade.slnx -c Release -v quiet >artifacts/test-build.log 2>&1; then
  grep -E 'error' artifacts/test-build.log | sort -u | head -20 >&2
  say "palisade test: the build failed (artifacts/test-build.log)."; exit 70
fi

# A test that hangs is named, and its area ended: a result that never comes tells nobody anything. The output goes by a file:
# what a test left running would hold a pipe open.
limit=25m; [ $soak = 1 ] && limit=6h
passed=0 failed=0 failures=()
for project in tests/*/*.csproj; do
  name=$(basename "$project" .csproj)
  area=$(printf '%s' "$name" | sed 's/^Palisade\.//; s/\.Tests$//')
  if [ ${#areas[@]} -gt 0 ]; then
    hit=0; for a in "${areas[@]}"; do [ "${a,,}" = "${area,,}" ] && hit=1; done; [ $hit = 1 ] || continue
  fi
  if [ $fast = 1 ]; then case $area in EndToEnd|Store) continue ;; esac; fi
  exe=$root/artifacts/bin/$name/release/$name
  say ""; say "== $area"
  results=$root/artifacts/test-results/$name.xml; rm -f "$results"; mkdir -p "$(dirname "$results")"
  said=${results%.xml}.txt
  timeout --foreground -k 30 $limit "$exe" -noColor -longRunning 240 -result-xml "$results" >"$said" 2>&1 </dev/null
  code=$?
  grep -avE '^\s*(Discovering|Discovered|Starting|Finished):' "$said" >&2
  if [ ! -f "$results" ]; then say "   $name $([ "$code" = 124 ] && echo "was ended after $limit" || echo "wrote no results (exit $code)")"; failed=$((failed + 1)); failures+=("$area: no results"); continue; fi
  line=$(grep -o '<assembly [^>]*>' "$results" | head -1)
  num() { printf '%s' "$line" | sed -nE "s/.* $1=\"([0-9]+)\".*/\1/p"; }
  p=$(num passed) f=$(num failed) s=$(num skipped) e=$(num errors) n=$(num not-run)
  bad=$((${f:-0} + ${s:-0} + ${e:-0} + ${n:-0}))      # a skipped test is a failed test
  [ "$code" != 0 ] && [ "$bad" = 0 ] && bad=1
  passed=$((passed + ${p:-0})); failed=$((failed + bad))
  [ "$bad" -gt 0 ] && failures+=("$area: $bad")
done
if [ $((passed + failed)) = 0 ]; then say "palisade test: no area is called '${areas[*]:-}'. Areas: $(ls tests | sed 's/^Palisade\.//; s/\.Tests$//' | tr '\n' ' ')"; exit 2; fi
[ ${#failures[@]} -gt 0 ] && { say ""; say "Failed: ${failures[*]}"; }
echo "$passed passed, $failed failed"
[ $failed = 0 ]
