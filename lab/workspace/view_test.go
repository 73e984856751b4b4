package workspace_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/rap-analyzer/rapbot/lab/workspace"
)

// form is a modal with one required and one optional field.
func form(title string) slack.ModalViewRequest {
	optional := slack.NewInputBlock("when_block", plain("When"), nil, slack.NewDatePickerBlockElement("when"))
	optional.Optional = true
	region := slack.NewOptionsSelectBlockElement("static_select", plain("Region"), "region",
		slack.NewOptionBlockObject("us-west-2", plain("US West"), nil), slack.NewOptionBlockObject("eu-west-1", plain("EU West"), nil))
	region.InitialOption = slack.NewOptionBlockObject("eu-west-1", plain("EU West"), nil)
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: plain(title), Submit: plain("Plan"), Close: plain("Cancel"), CallbackID: "failover",
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewInputBlock("why_block", plain("Reason"), nil, slack.NewPlainTextInputBlockElement(plain("why"), "why")),
			slack.NewInputBlock("region_block", plain("Region"), nil, region),
			optional,
			slack.NewActionBlock("act", slack.NewButtonBlockElement("deeper", "", plain("Deeper"))),
		}},
	}
}

// shownView is what the person API tells of a view.
type shownView struct {
	slack.View
	Errors map[string]string `json:"errors"`
	Error  string            `json:"error"`
}

func (w *world) modals(person string) []shownView {
	w.t.Helper()
	_, out := w.do("GET", "/person/"+person+"/views", nil)
	raw, _ := json.Marshal(out["modals"])
	var views []shownView
	if err := json.Unmarshal(raw, &views); err != nil {
		w.t.Fatal(err)
	}
	return views
}

// trigger runs a command and returns its trigger_id.
func trigger(w *world) string {
	got := make(chan string, 1)
	w.connect(onSlash(func(c slack.SlashCommand) any { got <- c.TriggerID; return nil }))
	w.does("/person/alice/say", object{"channel": "rap-ops", "text": "/rap failover"})
	return take(w.t, got)
}

func TestTriggersServeOnceAndSoon(t *testing.T) {
	w := start(t, workspace.Options{})
	if _, err := w.api.OpenView("1.2.3", form("Switch over")); err == nil || err.Error() != "invalid_trigger_id" {
		t.Errorf("unknown: %v", err)
	}
	id := trigger(w)
	if _, err := w.api.OpenView(id, form("Switch over")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.api.OpenView(id, form("Switch over")); err == nil || err.Error() != "exchanged_trigger_id" {
		t.Errorf("second use: %v", err)
	}
	w = start(t, workspace.Options{})
	id = trigger(w)
	w.does("/faults", object{"fast_clock": 3.5})
	if _, err := w.api.OpenView(id, form("Switch over")); err == nil || err.Error() != "expired_trigger_id" {
		t.Errorf("after 3.5 s: %v", err)
	}
}

func TestSubmitStopsAtRequiredFieldsThenSendsTheState(t *testing.T) {
	w := start(t, workspace.Options{})
	got := make(chan slack.InteractionCallback, 1)
	w.connect(onInteraction(func(c slack.InteractionCallback) any { got <- c; return nil }))
	view := open(w)
	status, out := w.do("POST", "/person/alice/submit", object{"view_id": view, "values": object{}})
	if status < 400 || out["errors"].(object)["why_block"] == nil || len(out["errors"].(object)) != 1 {
		t.Errorf("%d %v", status, out)
	}
	w.does("/person/alice/submit", object{"view_id": view, "values": object{"why": "drill"}})
	c := take(t, got)
	values := c.View.State.Values
	if c.Type != slack.InteractionTypeViewSubmission || c.View.CallbackID != "failover" || values["why_block"]["why"].Value != "drill" {
		t.Errorf("%s %+v", c.Type, values)
	}
	if picked := values["region_block"]["region"].SelectedOption.Value; picked != "eu-west-1" {
		t.Errorf("the initial option came as %q", picked)
	}
	if n := len(w.modals("alice")); n != 0 {
		t.Errorf("%d modals open after a plain acknowledgement", n)
	}
}

// open opens the form before alice.
func open(w *world) string {
	w.t.Helper()
	view, err := w.api.OpenView(w.Trigger("alice"), form("Switch over"))
	if err != nil {
		w.t.Fatal(err)
	}
	return view.ID
}

func TestSubmissionAnswers(t *testing.T) {
	second := form("Second")
	for name, want := range map[string]struct {
		answer any
		check  func(*testing.T, *world, int, object)
	}{
		"errors": {slack.NewErrorsViewSubmissionResponse(map[string]string{"why_block": "Say more."}), func(t *testing.T, w *world, status int, out object) {
			views := w.modals("alice")
			if status < 400 || out["errors"].(object)["why_block"] != "Say more." || len(views) != 1 || views[0].Errors["why_block"] != "Say more." {
				t.Errorf("%d %v %+v", status, out, views)
			}
		}},
		"errors for no input": {slack.NewErrorsViewSubmissionResponse(map[string]string{"act": "?"}), func(t *testing.T, w *world, status int, out object) {
			if status < 400 || out["errors"] != nil || w.modals("alice")[0].Error == "" {
				t.Errorf("%d %v", status, out)
			}
		}},
		"update": {slack.NewUpdateViewSubmissionResponse(&second), func(t *testing.T, w *world, status int, _ object) {
			if views := w.modals("alice"); status != 200 || len(views) != 1 || views[0].Title.Text != "Second" {
				t.Errorf("%d %+v", status, views)
			}
		}},
		"push": {slack.NewPushViewSubmissionResponse(&second), func(t *testing.T, w *world, status int, _ object) {
			views := w.modals("alice")
			if status != 200 || len(views) != 2 || views[1].PreviousViewID != views[0].ID || views[1].RootViewID != views[0].ID {
				t.Errorf("%d %+v", status, views)
			}
		}},
		"clear": {slack.NewClearViewSubmissionResponse(), func(t *testing.T, w *world, status int, _ object) {
			if views := w.modals("alice"); status != 200 || len(views) != 0 {
				t.Errorf("%d %+v", status, views)
			}
		}},
		"nonsense": {map[string]string{"response_action": "explode"}, func(t *testing.T, w *world, status int, out object) {
			if status < 400 || len(w.modals("alice")) != 1 {
				t.Errorf("%d %v", status, out)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, workspace.Options{})
			w.connect(onInteraction(func(slack.InteractionCallback) any { return want.answer }))
			status, out := w.do("POST", "/person/alice/submit", object{"view_id": open(w), "values": object{"why": "drill"}})
			want.check(t, w, status, out)
		})
	}
}

func TestUnansweredSubmissionKeepsTheModal(t *testing.T) {
	w := start(t, workspace.Options{AckTimeout: 50 * time.Millisecond})
	w.connect(nil)
	status, out := w.do("POST", "/person/alice/submit", object{"view_id": open(w), "values": object{"why": "drill"}})
	if status < 400 || len(w.modals("alice")) != 1 {
		t.Errorf("%d %v", status, out)
	}
}

func TestAtMostThreeModals(t *testing.T) {
	w := start(t, workspace.Options{})
	got := make(chan slack.InteractionCallback, 1)
	w.connect(onInteraction(func(c slack.InteractionCallback) any { got <- c; return nil }))
	view := open(w)
	for i, want := range []string{"", "", "push_limit_reached"} {
		w.does("/person/alice/click", object{"view_id": view, "button": "Deeper"})
		c := take(t, got)
		if c.View.ID != view || c.Container.ViewID != view || c.ResponseURL != "" {
			t.Errorf("click in %s came as %+v", view, c.Container)
		}
		pushed, err := w.api.PushView(c.TriggerID, form("Deeper"))
		switch {
		case want == "" && err != nil, want != "" && (err == nil || err.Error() != want):
			t.Fatalf("push %d: %v", i+1, err)
		case want == "":
			view = pushed.ID
		}
	}
	w.does("/person/alice/close", object{"view_id": view})
	if n := len(w.modals("alice")); n != 2 {
		t.Errorf("%d modals after closing one of three", n)
	}
}

func TestUpdateMindsTheHash(t *testing.T) {
	w := start(t, workspace.Options{})
	view, err := w.api.OpenView(w.Trigger("alice"), form("One"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.api.UpdateView(form("Two"), "", view.Hash, view.ID); err != nil {
		t.Error(err)
	}
	if _, err := w.api.UpdateView(form("Three"), "", view.Hash, view.ID); err == nil || err.Error() != "hash_conflict" {
		t.Errorf("with the old hash: %v", err)
	}
	if _, err := w.api.UpdateView(form("Three"), "", "", "V0NONE"); err == nil || err.Error() != "not_found" {
		t.Errorf("unknown view: %v", err)
	}
	if got := w.modals("alice")[0].Title.Text; got != "Two" {
		t.Errorf("title %q", got)
	}
}

// An update keeps what the person has filled in where the block and action ids stay.
func TestUpdateKeepsWhatWasFilledIn(t *testing.T) {
	w := start(t, workspace.Options{})
	got := make(chan slack.InteractionCallback, 1)
	w.connect(onInteraction(func(c slack.InteractionCallback) any { got <- c; return nil }))
	view := open(w)
	w.does("/person/alice/choose", object{"view_id": view, "action_id": "why", "value": "drill"})
	if _, err := w.api.UpdateView(form("Two"), "", "", view); err != nil {
		t.Fatal(err)
	}
	w.does("/person/alice/submit", object{"view_id": view, "values": object{"when": "2026-11-23"}})
	values := take(t, got).View.State.Values
	if why, when := values["why_block"]["why"].Value, values["when_block"]["when"].SelectedDate; why != "drill" || when != "2026-11-23" {
		t.Errorf("why %q, when %q", why, when)
	}
}

func TestViewsThatSlackRefuses(t *testing.T) {
	w := start(t, workspace.Options{})
	id := w.Trigger("alice")
	_, err := w.api.OpenView(id, form("A title of more than twenty-four"))
	refusedFor(t, err, "invalid_arguments", "must be less than 25 characters [json-pointer:/view/title/text]")
	home := slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewHeaderBlock(plain(""))}}}
	_, err = w.api.PublishView("U07ALICE001", home, "")
	refusedFor(t, err, "invalid_arguments", "must be more than 0 characters [json-pointer:/view/blocks/0/text/text]")
	if _, err := w.api.OpenView(id, form("Fits")); err != nil {
		t.Errorf("a refused view spent the trigger: %v", err)
	}
}

func TestViewClosedIsToldWhenAskedFor(t *testing.T) {
	w := start(t, workspace.Options{})
	got := make(chan slack.InteractionCallback, 1)
	w.connect(onInteraction(func(c slack.InteractionCallback) any { got <- c; return nil }))
	asked := form("Switch over")
	asked.NotifyOnClose = true
	view, err := w.api.OpenView(w.Trigger("alice"), asked)
	if err != nil {
		t.Fatal(err)
	}
	w.does("/person/alice/close", object{"view_id": view.ID})
	if c := take(t, got); c.Type != slack.InteractionTypeViewClosed || c.View.ID != view.ID {
		t.Errorf("%+v", c)
	}
}

func TestExternalSelectAsksTheApp(t *testing.T) {
	w := start(t, workspace.Options{})
	submitted := make(chan slack.InteractionCallback, 1)
	w.connect(onInteraction(func(c slack.InteractionCallback) any {
		if c.Type == slack.InteractionTypeBlockSuggestion {
			options := []*slack.OptionBlockObject{}
			for _, name := range []string{"api", "worker"} {
				if strings.Contains(name, c.Value) {
					options = append(options, slack.NewOptionBlockObject("svc-"+name, plain(name), nil))
				}
			}
			return slack.OptionsResponse{Options: options}
		}
		submitted <- c
		return nil
	}))
	asked := form("Deploy")
	asked.Blocks.BlockSet = []slack.Block{slack.NewInputBlock("svc_block", plain("Service"), nil,
		slack.NewOptionsSelectBlockElement("external_select", plain("Service"), "svc"))}
	view, err := w.api.OpenView(w.Trigger("alice"), asked)
	if err != nil {
		t.Fatal(err)
	}
	out := w.does("/person/alice/suggest", object{"view_id": view.ID, "action_id": "svc", "value": "a"})
	if len(out["options"].([]any)) != 1 {
		t.Errorf("suggested %v", out)
	}
	w.does("/person/alice/submit", object{"view_id": view.ID, "values": object{"svc": "worker"}})
	if got := take(t, submitted).View.State.Values["svc_block"]["svc"].SelectedOption.Value; got != "svc-worker" {
		t.Errorf("chose %q", got)
	}
}

func TestHomeIsPublishedAndItsButtonsWork(t *testing.T) {
	w := start(t, workspace.Options{})
	got := make(chan slack.InteractionCallback, 1)
	w.connect(onInteraction(func(c slack.InteractionCallback) any { got <- c; return nil }))
	home := slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{
		slack.NewActionBlock("act", slack.NewButtonBlockElement("refresh", "", plain("Refresh"))),
	}}}
	published, err := w.api.PublishView("U07ALICE001", home, "")
	if err != nil {
		t.Fatal(err)
	}
	w.does("/person/alice/click", object{"view_id": published.ID, "button": "Refresh"})
	if c := take(t, got); c.View.ID != published.ID || c.View.Type != slack.VTHomeTab {
		t.Errorf("%+v", c.View)
	}
	if _, err := w.api.PublishView("U07ALICE001", home, "0.0"); err == nil || err.Error() != "hash_conflict" {
		t.Errorf("stale hash: %v", err)
	}
	if status, _ := w.do("POST", "/person/bob/click", object{"view_id": published.ID, "button": "Refresh"}); status < 400 {
		t.Error("bob pressed a button on alice's Home")
	}
}
