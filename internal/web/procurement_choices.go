package web

import (
	"net/url"
	"slices"
	"strings"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
)

// taskChoices lists the tasks: those chosen, what a search found with the best
// first, and all the others by who has them.
func (w *Web) taskChoices(p *procurementNewPage, chosen []string, t *locale.Texts, form *Form) {
	cat := w.Catalogue.Content()
	p.Search = form.field(Field{Name: searchNames[stepTasks], Label: "page.procurement-new.search-tasks", Hint: "page.procurement-new.search-tasks-hint", Value: p.Query, Type: "search", Autocomplete: "off", Plain: true})
	p.ChoicesID = fieldID("tasks")
	form.take("tasks", t.T("page.procurement-new.step-tasks"))
	make := func(task catalogue.Task) choice {
		return choice{
			ID: fieldID("task-" + task.ID), Name: "task", Value: task.ID, Text: task.Name.In(t.Lang),
			Description: task.Description.In(t.Lang), Checked: slices.Contains(chosen, task.ID),
		}
	}
	shown := map[string]bool{}
	p.Chosen.Label = "page.procurement-new.group-chosen"
	for _, task := range cat.Tasks {
		if ch := make(task); ch.Checked {
			p.Chosen.Choices = append(p.Chosen.Choices, ch)
			shown[task.ID] = true
		}
	}
	search := cat.SearchTasks(p.Query)
	p.Found, p.Guessed = len(search.Found), search.Guessed
	p.Hits.Label = "page.procurement-new.group-hits"
	for _, found := range search.Found {
		task, _ := cat.Task(found.ID)
		if ch := make(task); !ch.Checked {
			ch.Also = found.Also
			p.Hits.Choices = append(p.Hits.Choices, ch)
			shown[task.ID] = true
		}
	}
	groups := map[string][]choice{}
	for _, task := range cat.Tasks {
		if !shown[task.ID] {
			groups[taskGroup(task)] = append(groups[taskGroup(task)], make(task))
		}
	}
	for _, g := range []string{"municipality", "county", "state", "several", "support"} {
		if len(groups[g]) > 0 {
			p.Groups = append(p.Groups, choiceGroup{Label: "page.procurement-new.group-" + g, Choices: groups[g]})
		}
	}
}

// taskGroup says under which heading a task stands.
func taskGroup(t catalogue.Task) string {
	switch {
	case strings.HasPrefix(t.ID, "stotte."):
		return "support"
	case len(t.Sectors) == 1 && t.Sectors[0] != catalogue.SectorAll:
		return string(t.Sectors[0])
	default:
		return "several"
	}
}

// informationChoices lists the information that the tasks bring, which stays as
// long as they do, and what can be added.
func (w *Web) informationChoices(p *procurementNewPage, v url.Values, t *locale.Texts, form *Form) {
	cat := w.Catalogue.Content()
	p.Search = form.field(Field{Name: searchNames[stepInformation], Label: "page.procurement-new.search-information", Value: p.Query, Type: "search", Autocomplete: "off", Plain: true})
	p.ChoicesID = fieldID("informationTypes")
	form.take("informationTypes", t.T("page.procurement-new.group-more"))
	brought := map[string]bool{}
	for _, id := range v["task"] {
		task, _ := cat.Task(id)
		for _, i := range task.InformationTypes {
			if info, ok := cat.InformationType(i); ok && !brought[i] {
				brought[i] = true
				p.Brought = append(p.Brought, info)
				if slices.Contains(v["info"], i) { // and chosen, should the task go again
					p.Kept = append(p.Kept, hidden{"info", i})
				}
			}
		}
	}
	make := func(i catalogue.InformationType) choice {
		return choice{
			ID: fieldID("info-" + i.ID), Name: "info", Value: i.ID, Text: i.Name.In(t.Lang),
			Description: i.Description.In(t.Lang), Checked: slices.Contains(v["info"], i.ID),
		}
	}
	p.Chosen.Label, p.Hits.Label = "page.procurement-new.group-chosen", "page.procurement-new.group-hits"
	for _, i := range cat.InformationTypes {
		if ch := make(i); ch.Checked && !brought[i.ID] {
			p.Chosen.Choices = append(p.Chosen.Choices, ch)
		}
	}
	search := cat.SearchInformationTypes(p.Query)
	p.Found, p.Guessed = len(search.Found), search.Guessed
	shown := map[string]bool{}
	for _, found := range search.Found {
		i, _ := cat.InformationType(found.ID)
		if ch := make(i); !ch.Checked && !brought[i.ID] {
			p.Hits.Choices = append(p.Hits.Choices, ch)
			shown[i.ID] = true
		}
	}
	rest := choiceGroup{Label: "page.procurement-new.group-rest"}
	for _, i := range cat.InformationTypes {
		if ch := make(i); !ch.Checked && !brought[i.ID] && !shown[i.ID] {
			rest.Choices = append(rest.Choices, ch)
		}
	}
	if p.Query == "" || p.Found == 0 {
		p.Groups = append(p.Groups, rest)
	}
	p.More = p.Query != "" || len(p.Chosen.Choices) > 0 || len(p.Brought) == 0
}

func modelChoices(chosen []string, t *locale.Texts, form *Form) choiceGroup {
	g := choiceGroup{ID: fieldID("deliveryModels"), Label: "page.procurement-new.group-model", Hint: "page.procurement-new.group-model-hint"}
	g.Error = form.take("deliveryModels", t.T(g.Label))
	for _, m := range catalogue.DeliveryModels() {
		g.Choices = append(g.Choices, choice{
			ID: fieldID("model-" + string(m)), Name: "model", Value: string(m), Text: t.T(termKey("model", m)),
			Description: t.T("page.procurement-new.model-" + string(m)), Checked: slices.Contains(chosen, string(m)),
		})
	}
	return g
}

// flagChoices are what a body can raise by itself; the rest follows from tasks,
// information and levels.
func flagChoices(chosen []string, t *locale.Texts) choiceGroup {
	g := choiceGroup{Label: "page.procurement-new.group-flags", Hint: "page.procurement-new.group-flags-hint"}
	for _, f := range catalogue.Flags() {
		g.Choices = append(g.Choices, choice{
			ID: fieldID("flag-" + string(f)), Name: "flag", Value: string(f), Text: t.T(termKey("flag", f)),
			Description: t.T("page.procurement-new.flag-" + string(f)), Checked: slices.Contains(chosen, string(f)),
		})
	}
	return g
}
