package corpustest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Savers are the programs that [Resave] can save with: those of the corpus
// save for excelize, and "sheets" for what an online spreadsheet leaves.
var Savers = []string{"openpyxl", "sheets", "exceljs", "libreoffice"}

// Resave has a program open workbooks and save them again, all in one run.
func Resave(t testing.TB, saver string, files map[string][]byte) map[string][]byte {
	t.Helper()
	if _, err := load(); err != nil { // it installs what the programs need
		t.Fatal(err)
	}
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	for _, d := range []string{in, out} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	var paths []string
	for name, data := range files {
		path := filepath.Join(in, name+".xlsx")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	scripts := filepath.Join(sources(), "resave")
	var cmd *exec.Cmd
	switch saver {
	case "openpyxl", "sheets":
		cmd = exec.CommandContext(ctx, "/usr/bin/python3", filepath.Join(scripts, "save.py"), saver, in, out)
	case "exceljs":
		modules := filepath.Join(sources(), "..", "..", "..", "..", ".cache", "corpus", "node", "node_modules")
		cmd = exec.CommandContext(ctx, "node", filepath.Join(scripts, "save.cjs"), modules, in, out)
	case "libreoffice":
		args := []string{"-env:UserInstallation=file://" + filepath.Join(dir, "profile"), "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", out}
		cmd = exec.CommandContext(ctx, "soffice", append(args, paths...)...)
	default:
		t.Fatalf("no program %q", saver)
	}
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", saver, err, said)
	}
	saved := map[string][]byte{}
	for name := range files {
		data, err := os.ReadFile(filepath.Join(out, name+".xlsx"))
		if err != nil {
			t.Fatalf("%s: %v", saver, err)
		}
		saved[name] = data
	}
	return saved
}
