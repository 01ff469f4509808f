# Sourced by the scripts: private environments under .work/, each made once and remade when what it is made of changes.
# shellcheck shell=bash
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
WORK=$ROOT/.work
NEWEST_AZ=2.91.0
OLDEST_AZ=$(sed -n 's/.*"azext.minCliCoreVersion": "\(.*\)".*/\1/p' "$ROOT/azext_mltrouble/azext_metadata.json")

mkdir -p "$WORK/log"
# Nothing of the user's own az is read or written, and nothing is sent home.
export AZURE_CORE_COLLECT_TELEMETRY=no AZURE_CORE_NO_COLOR=yes AZURE_CORE_SURVEY_MESSAGE=no
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
unset PYTHONPATH PYTHONHOME

say() { printf '==> %s\n' "$*" >&2; }

fail() {  # fail WHAT HOW-TO-FIX
    printf 'scripts: %s\n         %s\n' "$1" "$2" >&2
    exit 1
}

quietly() {  # quietly NAME COMMAND...: the output goes to a log, which is shown when the command fails
    local log=$WORK/log/$1.log
    shift
    "$@" >"$log" 2>&1 </dev/null || {
        local code=$?
        printf 'scripts: failed (exit code %s): %s\n' "$code" "$*" >&2
        tail -n 40 "$log" >&2
        printf 'scripts: the whole output is in %s\n' "$log" >&2
        return "$code"
    }
}

fingerprint() { cat "$@" | sha256sum | cut -d' ' -f1; }  # of the contents of files

is_made() { [ "$(cat "$1/.made-of" 2>/dev/null)" = "$2" ]; }  # is_made FOLDER FINGERPRINT

mark_made() { printf '%s\n' "$2" >"$1/.made-of"; }

install_with_apt() {  # install_with_apt PACKAGE...: true when it worked
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    say "Installing $* with apt"
    quietly apt-update apt-get -q update || true
    DEBIAN_FRONTEND=noninteractive quietly "apt-$1" apt-get -qy install "$@"
}

find_python() {  # sets PYTHON to an interpreter that can make virtual environments
    for PYTHON in python3.11 python3.12 python3.10 python3; do
        command -v "$PYTHON" >/dev/null && "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 10))' && break
        PYTHON=
    done
    [ -n "$PYTHON" ] || fail "Python 3.10 or newer is missing." "Install Python 3.11, for instance: apt-get install python3.11"
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null ||
        install_with_apt "$("$PYTHON" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')" ||
        fail "$PYTHON cannot make virtual environments." "As root: apt-get install python3-venv"
}

make_venv() {  # make_venv FOLDER PIP-ARGUMENT...: a virtual environment with these packages
    local folder=$1 made_of
    shift
    made_of=$(
        {
            "$PYTHON" --version
            printf '%s\n' "$@"
            for argument in "$@"; do if [ -f "$argument" ]; then cat "$argument"; fi; done
        } | fingerprint
    )
    is_made "$folder" "$made_of" && return
    say "Making $(basename "$folder") (minutes, the first time)"
    rm -rf "$folder"
    quietly "venv-$(basename "$folder")" "$PYTHON" -m venv "$folder"
    quietly "pip-$(basename "$folder")" "$folder/bin/python" -m pip -q install "$@"
    mark_made "$folder" "$made_of"
}

make_newest_az() {
    make_venv "$WORK/az-$NEWEST_AZ" "azure-cli==$NEWEST_AZ" setuptools wheel -r "$ROOT/tests/requirements-azuresim.txt"
}

make_oldest_az() {
    make_venv "$WORK/az-$OLDEST_AZ" -r "$ROOT/tests/requirements-oldest-az.txt" "azure-cli==$OLDEST_AZ"
}

add_test_tools() {  # beside the newest az, which the tests import
    local made_of python=$WORK/az-$NEWEST_AZ/bin/python
    made_of=$(cat "$WORK/az-$NEWEST_AZ/.made-of" "$ROOT/tests/requirements.txt" | fingerprint)
    mkdir -p "$WORK/test-tools"
    is_made "$WORK/test-tools" "$made_of" && return
    say "Installing the test tools"
    quietly pip-test-tools "$python" -m pip -q install -r "$ROOT/tests/requirements.txt"
    mark_made "$WORK/test-tools" "$made_of"
}

make_wheel() {  # sets WHEEL
    local made_of sources
    mapfile -t sources < <(
        find "$ROOT/azext_mltrouble" "$ROOT/setup.py" "$ROOT/pyproject.toml" "$ROOT/README.md" -type f \
            ! -name '*.pyc' | LC_ALL=C sort
    )
    made_of=$({ printf '%s\n' "${sources[@]#"$ROOT"}"; cat "${sources[@]}"; } | fingerprint)
    if ! is_made "$WORK/wheel" "$made_of"; then
        say "Building the wheel"
        rm -rf "$WORK/wheel" "$WORK/wheel-sources"
        mkdir -p "$WORK/wheel" "$WORK/wheel-sources"
        # A copy is built, so that setuptools leaves nothing in the checkout.
        cp -R "$ROOT/azext_mltrouble" "$ROOT/setup.py" "$ROOT/pyproject.toml" "$ROOT/README.md" "$WORK/wheel-sources"
        quietly wheel "$WORK/az-$NEWEST_AZ/bin/python" -m pip -q wheel --no-deps --no-build-isolation \
            -w "$WORK/wheel" "$WORK/wheel-sources"
        rm -rf "$WORK/wheel-sources"
        mark_made "$WORK/wheel" "$made_of"
    fi
    WHEEL=$(echo "$WORK"/wheel/*.whl)
}

add_extension() {  # add_extension VERSION: the wheel, added by that version of az to a folder of its own
    local folder=$WORK/extensions-$1 made_of
    made_of=$(cat "$WORK/wheel/.made-of" "$WORK/az-$1/.made-of" | fingerprint)
    is_made "$folder" "$made_of" && return
    say "az $1 extension add (half a minute)"
    rm -rf "$folder"
    mkdir -p "$folder"
    AZURE_CONFIG_DIR=$WORK/config-$1 AZURE_EXTENSION_DIR=$folder \
        quietly "extension-add-$1" "$WORK/az-$1/bin/az" extension add --source "$WHEEL" --yes
    [ -d "$folder/mltrouble" ] || fail "az $1 did not add the extension." "See $WORK/log/extension-add-$1.log"
    mark_made "$folder" "$made_of"
}

make_azurite() {  # the storage emulator in which the simulated Azure keeps its build logs
    command -v npm >/dev/null || install_with_apt nodejs npm ||
        fail "npm is missing; the storage emulator Azurite needs Node.js." "As root: apt-get install nodejs npm"
    export MLTROUBLE_AZURITE=$WORK/azurite
    [ -d "$MLTROUBLE_AZURITE" ] || say "Installing Azurite"
    (cd "$ROOT" && quietly azurite "$WORK/az-$NEWEST_AZ/bin/python" -c \
        'from tests.azuresim import azurite; azurite.install(azurite.default_folder())')
}

find_browser() {  # Chromium, in which the HTML reports are tested; without it those tests are skipped and say so
    command -v chromium >/dev/null || (install_with_apt chromium fonts-dejavu-core) ||
        say "chromium is missing: the HTML reports are not tested in a browser (as root: apt-get install chromium)"
}
