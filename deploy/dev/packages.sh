#!/usr/bin/env bash
# Installs the Debian packages that the tests and the development database
# need, and only those that are missing. With all of them there it does
# nothing and is quick, so every make target that needs one can call it.
set -euo pipefail

readonly wanted=(
	chromium                # the journeys are walked in a real browser
	chromium-headless-shell # the same without its windows, for all the pages
	libreoffice-calc        # opens and recalculates our workbooks
	python3-openpyxl        # writes workbooks that ours must be able to fill in
	poppler-utils           # reads the text of PDFs back
	clamav-daemon           # scans uploaded evidence
	debootstrap             # mongo.sh builds its small Debian with it
	fonts-liberation        # without fonts, pages and PDFs have other line breaks
	fonts-dejavu-core
)

say() { printf 'packages: %s\n' "$*" >&2; }

if ! command -v dpkg-query >/dev/null; then
	say "this is no Debian. Install the equivalent of these yourself: ${wanted[*]}"
	exit 1
fi

# One question for all packages; dpkg-query fails when it knows one of them
# not at all, which is an answer too.
installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "${wanted[@]}" 2>/dev/null | sed -n 's/^.i *//p' || true)
missing=()
for package in "${wanted[@]}"; do
	grep -qx "$package" <<<"$installed" || missing+=("$package")
done
((${#missing[@]})) || exit 0

if ((EUID != 0)); then
	say "these packages are missing: ${missing[*]}"
	say "install them as root: apt-get install ${missing[*]}"
	exit 1
fi

say "installing ${missing[*]}"
log=$(mktemp "${TMPDIR:-/tmp}/felleskrav-packages.XXXXXX")
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a
# Another apt on the machine may be at work: wait for its lock.
apt=(apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold)
if ! {
	# An unreachable extra source must not stop us; what matters is
	# whether the packages install.
	"${apt[@]}" update || true
	"${apt[@]}" install --no-install-recommends "${missing[@]}"
} </dev/null >"$log" 2>&1; then
	tail -n 15 "$log" | sed 's/^/    /' >&2
	say "apt-get could not install them; the whole log is $log"
	exit 1
fi
rm -f "$log"
