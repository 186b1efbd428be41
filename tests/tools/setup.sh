#!/usr/bin/env bash
# Installs what building and testing Rolegate need and this machine lacks.
#
#   tests/tools/setup.sh STEP...      STEP: compiler  browser  python  node  java  redis  proxies  deny
#
# Every step is quick when its work is already done, and says what it installs before it does.
# docs/testing.md lists what goes where.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd -- "$here/../.." && pwd)
cache=${ROLEGATE_CACHE:-$HOME/.cache/rolegate}
venv=${ROLEGATE_TEST_VENV:-$cache/venv}
node_modules=${ROLEGATE_TEST_NODE_MODULES:-$cache/node/node_modules}
java_tools=${ROLEGATE_TEST_JAVA_TOOLS:-$cache/java}
proxies=${ROLEGATE_TEST_PROXIES:-$cache/proxies}
cargo=${CARGO:-cargo}

readonly deny_version=0.20.2
readonly node_at_least=20
readonly python_at_least=3.10
readonly java_at_least=17
readonly apt_attempts=5
readonly apt_wait_seconds=20
readonly dpkg_lock_seconds=600

say() { printf 'setup: %s\n' "$*"; }

stop() {
  printf 'setup: %s\n' "$@" >&2
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# True when version $1 is $2 or later.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort --version-sort | head -n 1)" = "$2" ]; }

# --- system packages -------------------------------------------------------------------------

# Whether sudo may ask for a password.
someone_is_there=no
if [ -t 0 ] && [ -z "${CI:-}" ]; then someone_is_there=yes; fi

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    env DEBIAN_FRONTEND=noninteractive "$@"
  elif ! has sudo; then
    stop "needs root to install system packages, and there is no sudo. As root, run:" "  $*"
  elif [ "$someone_is_there" = yes ]; then
    sudo DEBIAN_FRONTEND=noninteractive "$@"
  else
    sudo -n DEBIAN_FRONTEND=noninteractive "$@"
  fi
}

# Another apt may hold one of its locks (only dpkg's own can be waited for by an option), and a
# mirror may stumble; anything else would fail again.
apt_get() {
  local attempt errors
  for ((attempt = 1; attempt <= apt_attempts; attempt++)); do
    if errors=$(as_root apt-get -o "DPkg::Lock::Timeout=$dpkg_lock_seconds" -o Acquire::Retries=3 \
      -qq "$@" </dev/null 2>&1 >/dev/null); then
      return 0
    fi
    printf '%s\n' "$errors" >&2
    grep -qE 'lock|Failed to fetch|Temporary failure' <<<"$errors" || return 1
    if ((attempt < apt_attempts)); then
      say "apt-get $1 failed (attempt $attempt of $apt_attempts), again in $apt_wait_seconds s"
      sleep "$apt_wait_seconds"
    fi
  done
  return 1
}

package_lists_are_fresh=no

refresh_package_lists() {
  if [ "$package_lists_are_fresh" = yes ]; then return; fi
  has apt-get || stop "this machine has no apt-get. Install by hand: $*"
  say "refreshing apt's package lists"
  apt_get update || stop "apt-get update failed; see its message above"
  package_lists_are_fresh=yes
}

install_packages() {
  say "missing on this machine, installing with apt-get: $*"
  refresh_package_lists "$@"
  apt_get install --yes --no-install-recommends "$@" ||
    stop "apt-get could not install: $*"
}

# --- steps -----------------------------------------------------------------------------------

step_compiler() {
  check_rust
  local missing=()
  has cc || missing+=(gcc libc6-dev)
  [ -e /etc/ssl/certs/ca-certificates.crt ] || missing+=(ca-certificates)
  # The second SAML verifier binds these C libraries; its bindings are generated with libclang.
  has clang || missing+=(clang)
  has_libclang || missing+=(libclang-dev)
  has pkg-config || missing+=(pkg-config)
  has_library xmlsec1-openssl || missing+=(libxmlsec1-dev libxmlsec1-openssl)
  has_library libxml-2.0 || missing+=(libxml2-dev)
  has_library libxslt || missing+=(libxslt1-dev)
  has_library openssl || missing+=(libssl-dev)
  if ((${#missing[@]})); then install_packages "${missing[@]}"; fi
}

has_library() { has pkg-config && pkg-config --exists "$1"; }

# Where Debian and Ubuntu put it; elsewhere LIBCLANG_PATH says it to the build, too.
has_libclang() {
  [ -n "${LIBCLANG_PATH:-}" ] || compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' >/dev/null
}

check_rust() {
  local needed found
  needed=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$repository/Cargo.toml")
  if ! has rustc || ! has "$cargo"; then
    stop "Rust is missing. Rolegate needs Rust $needed or newer. Install it with" \
      "  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal" \
      "and run this again."
  fi
  found=$(cd "$repository" && rustc --version | cut -d ' ' -f 2)
  at_least "${found%%-*}" "$needed" || stop \
    "Rust $found ($(command -v rustc)) is too old, Rolegate needs $needed or newer. With rustup:" \
    "  rustup update stable" \
    "without it, install rustup:" \
    "  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal"
}

# A browser that was named is the only one that counts; tests/tools looks in the same places.
find_browser() {
  local candidate places=(/usr/bin/chromium /usr/bin/google-chrome-stable /usr/bin/google-chrome)
  if [ -n "${ROLEGATE_TEST_CHROMIUM:-}" ]; then places=("$ROLEGATE_TEST_CHROMIUM"); fi
  for candidate in "${places[@]}"; do
    if browser_version "$candidate" >/dev/null; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  return 1
}

find_firefox() {
  local candidate places=(/usr/bin/firefox-esr /usr/bin/firefox)
  if [ -n "${ROLEGATE_TEST_FIREFOX:-}" ]; then places=("$ROLEGATE_TEST_FIREFOX"); fi
  for candidate in "${places[@]}"; do
    if browser_version "$candidate" >/dev/null; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  return 1
}

browser_version() { [ -x "$1" ] && "$1" --version 2>/dev/null; }

step_browser() {
  if ! find_browser >/dev/null; then
    [ -z "${ROLEGATE_TEST_CHROMIUM:-}" ] ||
      stop "ROLEGATE_TEST_CHROMIUM is $ROLEGATE_TEST_CHROMIUM, which does not answer to --version"
    refresh_package_lists chromium
    apt-cache show chromium >/dev/null 2>&1 || stop \
      "no Chromium or Chrome here, and this system's apt has no chromium package" \
      "(Ubuntu's is a snap, which cannot be driven from a test). Install Google Chrome's .deb," \
      "or set ROLEGATE_TEST_CHROMIUM to the path of a Chromium, and run this again."
    install_packages chromium fonts-dejavu-core
  fi
  find_browser >/dev/null || stop "chromium is installed but does not answer to --version"
  # Without a font that has Chinese, its pages are boxes, and so are their pictures.
  [ -n "$(fc-list :lang=zh 2>/dev/null)" ] || install_packages fontconfig fonts-wqy-microhei
  if ! find_firefox >/dev/null; then
    [ -z "${ROLEGATE_TEST_FIREFOX:-}" ] ||
      stop "ROLEGATE_TEST_FIREFOX is $ROLEGATE_TEST_FIREFOX, which does not answer to --version"
    refresh_package_lists firefox-esr
    apt-cache show firefox-esr >/dev/null 2>&1 || stop \
      "no Firefox here, and this system's apt has no firefox-esr package (Ubuntu's Firefox is a snap," \
      "which cannot be driven from a test). Install Mozilla's .deb, or set ROLEGATE_TEST_FIREFOX to the" \
      "path of a Firefox, and run this again."
    install_packages firefox-esr
  fi
  find_firefox >/dev/null || stop "firefox is installed but does not answer to --version"
  say "second browser: $(find_firefox) ($(browser_version "$(find_firefox)"))"
  say "browser: $(find_browser) ($(browser_version "$(find_browser)"))"
}

find_python() {
  local candidate
  for candidate in python3 /usr/bin/python3; do
    if has "$candidate" && "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  return 1
}

step_python() {
  find_python >/dev/null || install_packages python3 python3-venv
  # pysaml2 signs and encrypts with it.
  has xmlsec1 || install_packages xmlsec1
  # The walkthroughs ask by it, and have it sign as AWS's clients do.
  { has curl && curl --aws-sigv4 x --version >/dev/null 2>&1; } || install_packages curl
  local python version wanted
  python=$(find_python) || stop "python3 cannot make virtual environments even with python3-venv"
  version=$("$python" -c 'import platform; print(platform.python_version())')
  at_least "$version" "$python_at_least" ||
    stop "Python $version is too old for the clients: $python_at_least or newer is needed"
  wanted=$(sha256sum <"$here/requirements.txt")$version
  if ! is_stamped "$venv" "$wanted" || ! "$venv/bin/python" -c '' 2>/dev/null; then
    say "installing Python packages (tests/tools/requirements.txt) into $venv"
    "$python" -m venv --clear "$venv"
    "$venv/bin/python" -m pip --disable-pip-version-check --no-input --quiet \
      install --requirement "$here/requirements.txt"
    stamp "$venv" "$wanted"
  fi
  say "Python packages: $venv ($("$venv/bin/aws" --version))"
}

step_node() {
  ensure_node
  # The Node tests make their certificates with it.
  has openssl || install_packages openssl
  local directory wanted
  [ "$(basename -- "$node_modules")" = node_modules ] ||
    stop "ROLEGATE_TEST_NODE_MODULES must end in /node_modules, it is $node_modules"
  directory=$(dirname -- "$node_modules")
  wanted=$(cat "$here/package.json" "$here/package-lock.json" | sha256sum)
  if ! is_stamped "$node_modules" "$wanted"; then
    say "installing Node packages (tests/tools/package-lock.json) into $node_modules"
    mkdir -p "$directory"
    cp "$here/package.json" "$here/package-lock.json" "$directory/"
    (cd "$directory" && npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error </dev/null)
    stamp "$node_modules" "$wanted"
  fi
  say "Node packages: $node_modules (Node $(node --version))"
}

ensure_node() {
  if ! has node; then
    refresh_package_lists nodejs
    local offered
    offered=$(apt-cache policy nodejs | sed -n 's/^ *Candidate: *//p')
    at_least "$offered" "$node_at_least" || stop_for_node "apt offers only ${offered:-none}"
    install_packages nodejs
  fi
  local found
  found=$(node --version)
  at_least "${found#v}" "$node_at_least" || stop_for_node "found $found ($(command -v node))"
  # Some nodejs packages bring npm, some do not.
  has npm || install_packages npm
}

stop_for_node() {
  stop "the browser and interop tests need Node $node_at_least or newer; $1." \
    "Install it from https://nodejs.org/en/download and run this again."
}

step_java() {
  ensure_java
  has openssl || install_packages openssl
  local wanted
  wanted=$(cat "$here/pom.xml" "$here/keycloak.sh" | sha256sum)
  if ! is_stamped "$java_tools" "$wanted"; then
    say "installing Java tools (tests/tools/pom.xml: 180 MB, about two minutes) into $java_tools"
    rm -rf -- "$java_tools"
    mkdir -p "$java_tools"
    mvn --quiet --batch-mode --file "$here/pom.xml" -Dplace="$java_tools" initialize </dev/null
    mv -- "$java_tools"/keycloak-* "$java_tools/keycloak"
    "$here/keycloak.sh" "$java_tools/keycloak"
    stamp "$java_tools" "$wanted"
  fi
  say "Java tools: $java_tools (Java $(java_version))"
}

ensure_java() {
  # The compiler, too: the tests' own Java runs from its source.
  if ! has java || ! has javac; then install_packages default-jdk-headless; fi
  has mvn || install_packages maven
  local found
  found=$(java_version)
  at_least "$found" "$java_at_least" || stop \
    "Java $found ($(command -v java)) is too old for the interop tests: $java_at_least or newer is" \
    "needed. Install a newer one, put it before the other in PATH, and run this again."
}

java_version() { java -version 2>&1 | sed -n 's/.* version "\([0-9.]*\).*/\1/p'; }

# Debian's and Ubuntu's redis-tools has the server's program under the name of one of its tools; the
# package redis-server would start a service of the system.
step_redis() {
  has redis-cli || install_packages redis-tools
  if ! has redis-server; then
    mkdir -p "$cache/redis"
    ln -sfn "$(command -v redis-check-rdb)" "$cache/redis/redis-server"
  fi
  local server
  server=$(command -v redis-server || printf '%s\n' "$cache/redis/redis-server")
  "$server" --version >/dev/null 2>&1 || stop \
    "$server does not answer to --version. Install Redis 7 from https://redis.io/download and run" \
    "this again."
  say "Redis: $server ($("$server" --version | cut -d ' ' -f 3))"
}

# The proxies of the examples. Their packages would start services on this machine, so they are
# unpacked and only the libraries that they need are installed.
step_proxies() {
  if ! "$proxies/usr/sbin/nginx" -v 2>/dev/null || ! "$proxies/usr/sbin/haproxy" -v >/dev/null 2>&1; then
    say "unpacking nginx and haproxy from this system's packages into $proxies"
    refresh_package_lists nginx haproxy
    rm -rf -- "$proxies"
    mkdir -p "$proxies/packages"
    local package libraries=()
    fetch_proxy nginx
    # Ubuntu 22.04 has the program in another package.
    [ -e "$proxies/usr/sbin/nginx" ] || fetch_proxy nginx-core
    fetch_proxy haproxy
    for package in "$proxies"/packages/*.deb; do
      mapfile -t -O "${#libraries[@]}" libraries < <(libraries_of "$package")
    done
    if ((${#libraries[@]})); then install_packages "${libraries[@]}"; fi
  fi
  # Checks the example of a unit; wherever systemd runs it is there.
  has systemd-analyze || install_packages systemd
  "$proxies/usr/sbin/nginx" -v 2>/dev/null || stop "nginx was unpacked but does not start"
  "$proxies/usr/sbin/haproxy" -v >/dev/null || stop "haproxy was unpacked but does not start"
  say "proxies: $proxies"
}

fetch_proxy() {
  (cd "$proxies/packages" && apt-get download -qq "$1" 2>/dev/null) ||
    stop "apt-get could not download $1"
  dpkg-deb --extract "$proxies"/packages/"$1"_*.deb "$proxies"
}

# The libraries that a package depends on and this system lacks.
libraries_of() {
  dpkg-deb --field "$1" Depends | tr ',' '\n' | sed -n 's/^ *\(lib[^ :|(]*\).*/\1/p' |
    while read -r library; do
      dpkg-query --show --showformat='${Status}' "$library" 2>/dev/null | grep -q 'ok installed' ||
        printf '%s\n' "$library"
    done
}

step_deny() {
  check_rust
  if [ "$("$cargo" deny --version 2>/dev/null)" = "cargo-deny $deny_version" ]; then return; fi
  say "building cargo-deny $deny_version for the licence and source checks (about five minutes)"
  "$cargo" install --quiet --locked cargo-deny --version "$deny_version"
}

# --- what was installed from which list --------------------------------------------------------

is_stamped() { [ "$(cat "$1/.rolegate-stamp" 2>/dev/null)" = "$2" ]; }

stamp() { printf '%s\n' "$2" >"$1/.rolegate-stamp"; }

# --- main --------------------------------------------------------------------------------------

main() {
  if (($# == 0)); then stop "name the steps: compiler, browser, python, node, java, redis, proxies, deny"; fi
  mkdir -p "$cache"
  # Two clones share these places; the second waits for the first.
  exec 9>"$cache/setup.lock"
  flock 9
  local step
  for step in "$@"; do
    case $step in
      compiler | browser | python | node | java | redis | proxies | deny) "step_$step" ;;
      *) stop "no such step: $step" ;;
    esac
  done
}

main "$@"
