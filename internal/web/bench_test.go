package web

import (
	"testing"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/requirements"
	"felleskrav/templates"
)

// BenchmarkNew is a part of the time from start to ready.
func BenchmarkNew(b *testing.B) {
	texts, err := locale.Load(templates.FS, "locales")
	if err != nil {
		b.Fatal(err)
	}
	cat, err := catalogue.Load(requirements.FS)
	if err != nil {
		b.Fatal(err)
	}
	a, err := loadAssets(templates.Dist)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := newEngine(templates.FS, pageNames, texts, cat, a); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkResultPage draws the heaviest public page.
func BenchmarkResultPage(b *testing.B) {
	texts, err := locale.Load(templates.FS, "locales")
	if err != nil {
		b.Fatal(err)
	}
	cat, err := catalogue.Load(requirements.FS)
	if err != nil {
		b.Fatal(err)
	}
	a, err := loadAssets(templates.Dist)
	if err != nil {
		b.Fatal(err)
	}
	e, err := newEngine(templates.FS, pageNames, texts, cat, a)
	if err != nil {
		b.Fatal(err)
	}
	w := &Web{Config: Config{Catalogue: cat, Texts: texts}, engine: e}
	v, _ := cat.Version("skytjenester", "")
	page := setVersionPage{Base: Base{Lang: "nb"}, Version: v, Versions: cat.Versions(v.Set), Themes: versionThemes(v)}
	b.ReportAllocs()
	for b.Loop() {
		drawn, err := w.engine.render("nb", "set-version", page)
		if err != nil {
			b.Fatal(err)
		}
		giveBack(drawn)
	}
}
