# Functions that the other scripts share. Sourced, never run.

# The arguments that select the published crates.
published=(--workspace --exclude wecom-tests --exclude wecom-fuzz-checks)

# unpack_crates FOLDER: packs the published crates and unpacks them into FOLDER, each into a folder with its name. Writes the
# section of a manifest that uses them in place of a registry to FOLDER/patch.toml.
unpack_crates() {
    local folder=$1 metadata name version
    cargo package "${published[@]}" --no-verify --allow-dirty --locked --quiet 2>&1 \
        | { grep -vE 'warning: ignoring (test|example)' || true; }
    printf '[patch.crates-io]\n' >"$folder/patch.toml"
    metadata=$(cargo metadata --format-version 1 --no-deps --locked)
    for name in crates/wecom-*; do
        name=${name#crates/}
        version=$(sed -nE "s/^$name = .* version = \"([^\"]+)\".*/\1/p" Cargo.toml)
        tar -xzf "$(sed -E 's/.*"target_directory":"([^"]+)".*/\1/' <<<"$metadata")/package/$name-$version.crate" -C "$folder"
        mv "$folder/$name-$version" "$folder/$name"
        printf '%s = { path = "%s" }\n' "$name" "$folder/$name" >>"$folder/patch.toml"
    done
}

# skip STEP REASON: ends the script because the step can't run here. That is a failure, unless ALLOW_SKIP=1: then the
# script succeeds, and .ci/run names the step in the list at its end.
skip() {
    printf 'cannot run: %s: %s\n' "$1" "$2" >&2
    if [ "${ALLOW_SKIP:-}" != 1 ]; then
        echo 'install what is missing, or set ALLOW_SKIP=1 to go on without this step' >&2
        exit 1
    fi
    [ -z "${SKIPPED_STEPS:-}" ] || printf '%s: %s\n' "$1" "$2" >>"$SKIPPED_STEPS"
    exit 0
}

# apt_install PACKAGE...: installs Debian packages. On failure it sets `reason` and returns 1.
apt_install() {
    local log
    command -v apt-get >/dev/null || { reason='apt-get is not available'; return 1; }
    [ "$(id -u)" = 0 ] || { reason="root is needed to install $*"; return 1; }
    log=$(mktemp)
    if { apt-get update && apt-get install -y --no-install-recommends "$@"; } >"$log" 2>&1; then
        rm "$log"
    else
        reason="apt-get failed: $(tail -n 1 "$log")"
        rm "$log"
        return 1
    fi
}

# need_nightly STEP: installs nightly Rust where it is missing.
need_nightly() {
    cargo +nightly --version >/dev/null 2>&1 && return
    command -v rustup >/dev/null || skip "$1" 'rustup, which installs nightly Rust, is not installed'
    rustup toolchain install nightly --profile minimal || skip "$1" 'rustup failed to install nightly Rust'
}

# debian_rust STEP PACKAGE...: makes Debian's Rust 1.85 available as /usr/bin/cargo, beside the default toolchain.
debian_rust() {
    local step=$1
    shift
    if ! /usr/bin/rustc --version 2>/dev/null | grep -q '^rustc 1\.85\.' || ! dpkg -s "$@" >/dev/null 2>&1; then
        apt_install "${@/%/=1.85.*}" || skip "$step" "Rust 1.85: $reason"
    fi
    /usr/bin/rustc --version
}

# python_packages STEP FOLDER PACKAGE...: makes a virtual environment of Python with these packages in FOLDER/venv.
python_packages() {
    local step=$1 venv=$2/venv
    shift 2
    if [ ! -x "$venv/bin/python" ]; then
        python3 -m venv "$venv" || { apt_install python3-venv && python3 -m venv "$venv"; } \
            || skip "$step" "no virtual environment of Python: ${reason:-python3 is not installed}"
    fi
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$@" || skip "$step" "pip cannot install $*"
}

# npm_packages STEP FOLDER PACKAGE...: installs these packages into FOLDER/node_modules.
npm_packages() {
    local step=$1 folder=$2
    shift 2
    command -v npm >/dev/null || apt_install nodejs npm || skip "$step" "npm is not installed: $reason"
    npm install --silent --no-audit --no-fund --prefix "$folder" "$@" || skip "$step" "npm cannot install $*"
}
