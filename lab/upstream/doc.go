// Package upstream holds rapbot's renderings of alerts against Alertmanager's
// own Slack notifier. It has no code but a test, and is a module of its own:
// the notifier brings some hundred packages along, of which rapbot wants none.
//
//	cd lab/upstream && go test .
package upstream
