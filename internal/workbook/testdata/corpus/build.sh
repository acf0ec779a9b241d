#!/usr/bin/env bash
# Makes the corpus of requirement workbooks that tests use, once for each state
# of its sources, and prints the folder it is in: one folder for each producer
# with NAME.xlsx and the truth about it, NAME.json.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../../.." && pwd)
cache=$root/.cache/corpus
python=/usr/bin/python3 # Debian's, which python3-openpyxl belongs to

cd "$root"
key=$(
	{
		find internal/workbook/testdata/corpus -type f ! -name '*.pyc' ! -name '*.md' -print0
		printf '%s\0' requirements/releases/skytjenester-2.0.0.json go.mod
	} | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16
)
dir=$cache/$key
if [[ -e $dir/complete ]]; then
	echo "$dir"
	exit 0
fi

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
if [[ -e $dir/complete ]]; then # another process made it meanwhile
	echo "$dir"
	exit 0
fi

work=$cache/work
log=$cache/log
rm -rf "$work"
mkdir -p "$work"/{openpyxl,exceljs,excelize,libreoffice}
: >"$log"

fail() {
	tail -n 30 "$log" >&2
	echo "corpus: $*; the whole log is $log" >&2
	exit 1
}

"$python" -c 'import openpyxl' 2>>"$log" || fail "python3-openpyxl is missing (deploy/dev/packages.sh installs it)"
command -v soffice >>"$log" || fail "LibreOffice is missing (deploy/dev/packages.sh installs it)"

scripted() {
	export PYTHONDONTWRITEBYTECODE=1
	local script
	for script in "$here"/openpyxl/*.py; do
		[[ $script == */corpus.py ]] || CORPUS_OUT=$work/openpyxl "$python" -W error::SyntaxWarning "$script" || return 1
	done
}

noded() {
	local modules=$cache/node script
	if ! cmp -s "$here/exceljs/package-lock.json" "$modules/installed"; then
		rm -rf "$modules"
		mkdir -p "$modules"
		cp "$here"/exceljs/package.json "$here"/exceljs/package-lock.json "$modules/"
		npm ci --prefix "$modules" --no-audit --no-fund --loglevel=error || return 1
		cp "$here/exceljs/package-lock.json" "$modules/installed"
	fi
	for script in "$here"/exceljs/*.mjs; do
		[[ $script == */corpus.mjs ]] || (cd "$modules" && CORPUS_OUT=$work/exceljs node "$script") || return 1
	done
}

compiled() {
	CORPUS_OUT=$work/excelize go run ./internal/workbook/testdata/corpus/excelize
}

# Node mostly waits for the network at first, so the two go side by side.
noded >>"$log" 2>&1 9>&- &
node=$!
scripted >>"$log" 2>&1 || fail "openpyxl: a script failed"
compiled >>"$log" 2>&1 || fail "excelize: the program failed"
wait "$node" || fail "exceljs: a script failed"
# It opens and saves again some of the others.
CORPUS_OUT=$work/libreoffice CORPUS_IN=$work PYTHONDONTWRITEBYTECODE=1 "$python" "$here/libreoffice/make.py" >>"$log" 2>&1 9>&- || fail "LibreOffice: the conversion failed"

# What older sources made is of no use any more.
find "$cache" -mindepth 1 -maxdepth 1 -type d -name '????????????????' -exec rm -rf {} +
touch "$work/complete"
mv "$work" "$dir"
echo "$dir"
