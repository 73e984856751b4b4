package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// pusher makes a storm come to pass.
type pusher interface {
	// push tells what has changed by now: in every group that is named all that fires of it, or that it has resolved.
	push(ctx context.Context, changed map[int]state) error
	// wait returns when all that was pushed has been taken.
	wait() error
}

// state is how a group is at a moment.
type state struct {
	group    group
	began    map[int]time.Time // alert -> when it began to fire
	resolved time.Time         // zero while it fires
}

// step is how often what has changed is pushed.
const step = 100 * time.Millisecond

// rage makes the storm come to pass, and says when it began.
func rage(ctx context.Context, s storm, to pusher, begun time.Time) error {
	states := map[int]state{}
	next := 0
	tick := time.NewTicker(step)
	defer tick.Stop()
	for next < len(s.pushes) {
		changed := map[int]state{}
		for ; next < len(s.pushes) && time.Since(begun) >= s.pushes[next].at; next++ {
			p := s.pushes[next]
			st, known := states[p.group]
			if !known {
				st = state{group: s.groups[p.group], began: map[int]time.Time{}}
			}
			if p.alert < 0 {
				st.resolved = time.Now()
			} else {
				st.began[p.alert] = time.Now()
			}
			states[p.group], changed[p.group] = st, st
		}
		if len(changed) > 0 {
			if err := to.push(ctx, changed); err != nil {
				return err
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return to.wait()
}

// viaAlertmanager posts alerts to a real Alertmanager, which groups them and notifies rapbot.
type viaAlertmanager struct{ api string }

func (v viaAlertmanager) push(ctx context.Context, changed map[int]state) error {
	var all []map[string]any
	for _, s := range changed {
		for a, began := range s.began {
			alert := map[string]any{"labels": s.group.labels(a), "annotations": s.group.annotations(a), "startsAt": began.UTC().Format(time.RFC3339Nano), "generatorURL": "http://prometheus.example:9090/graph"}
			if !s.resolved.IsZero() {
				alert["endsAt"] = s.resolved.UTC().Format(time.RFC3339Nano)
			} else {
				alert["endsAt"] = began.Add(time.Hour).UTC().Format(time.RFC3339Nano) // nobody pushes it again, as Prometheus would
			}
			all = append(all, alert)
		}
	}
	for {
		status, words, err := post(ctx, v.api+"/api/v2/alerts", "", all)
		switch {
		case err == nil && status == http.StatusOK:
			return nil
		case err == nil && status < 500 || ctx.Err() != nil:
			return fmt.Errorf("push to Alertmanager: status %d %s: %w", status, words, errors.Join(err, ctx.Err()))
		}
		time.Sleep(step) // a loaded machine: Prometheus comes again too
	}
}

func (v viaAlertmanager) wait() error { return nil }

// viaWebhook does to rapbot what Alertmanager does, without its limits: it notifies of a group when it is new and when it has changed, and
// again until it is taken.
type viaWebhook struct {
	url, token string
	every      time.Duration // between two notifications of a group

	mu     sync.Mutex
	newest map[int]state
	sent   sync.WaitGroup
	err    error
}

func (v *viaWebhook) push(ctx context.Context, changed map[int]state) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i, s := range changed {
		began := map[int]time.Time{}
		for a, at := range s.began {
			began[a] = at
		}
		s.began = began
		_, waits := v.newest[i]
		v.newest[i] = s
		if !waits {
			v.sent.Go(func() { v.notify(ctx, i) })
		}
	}
	return v.err
}

// notify sends what has been pushed of a group until nothing newer is there after the interval.
func (v *viaWebhook) notify(ctx context.Context, i int) {
	for last := (state{}); ; {
		v.mu.Lock()
		s := v.newest[i]
		if len(s.began) == len(last.began) && s.resolved.Equal(last.resolved) {
			delete(v.newest, i)
			v.mu.Unlock()
			return
		}
		v.mu.Unlock()
		last = s
		for {
			status, words, err := post(ctx, v.url, v.token, s.payload())
			if err == nil && status == http.StatusOK {
				break
			}
			if err == nil && status < 500 || ctx.Err() != nil {
				v.mu.Lock()
				v.err = fmt.Errorf("the webhook answered %d %s: %w", status, words, err)
				v.mu.Unlock()
				return
			}
			time.Sleep(500 * time.Millisecond)
		}
		time.Sleep(v.every)
	}
}

func (v *viaWebhook) wait() error {
	v.sent.Wait()
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.err
}

// payload is a webhook body as Alertmanager makes it.
func (s state) payload() map[string]any {
	status, ends := "firing", "0001-01-01T00:00:00Z"
	if !s.resolved.IsZero() {
		status, ends = "resolved", s.resolved.UTC().Format(time.RFC3339Nano)
	}
	var alerts []map[string]any
	for a, began := range s.began {
		alerts = append(alerts, map[string]any{
			"status": status, "labels": s.group.labels(a), "annotations": s.group.annotations(a), "startsAt": began.UTC().Format(time.RFC3339Nano),
			"endsAt": ends, "generatorURL": "http://prometheus.example:9090/graph", "fingerprint": fmt.Sprintf("%s-%05d", s.group.name, a),
		})
	}
	common := map[string]string{"alertname": s.group.name, "region": s.group.region, "severity": s.group.severity, "job": "postgres"}
	return map[string]any{
		"receiver": "rapbot", "status": status, "version": "4", "truncatedAlerts": 0, "notification_reason": "new alerts added",
		"externalURL": "http://alertmanager.example:9093", "groupKey": fmt.Sprintf(`{}:{alertname=%q}`, s.group.name),
		"groupLabels": map[string]string{"alertname": s.group.name}, "commonLabels": common, "commonAnnotations": map[string]string{}, "alerts": alerts,
	}
}

var client = &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 100}}

func post(ctx context.Context, url, token string, body any) (status int, words string, err error) {
	b, err := json.Marshal(body)
	if err != nil {
		return 0, "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(b))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, 500))
	return resp.StatusCode, string(said), err
}
