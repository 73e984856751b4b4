package kubernetes

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/rap-analyzer/rapbot"
)

// log is the end of what a container has said, without the progress.
type log []byte

var errPodGone = errors.New("its pod is gone")

// How much of a log is read: an answer is one line, and an error is in the
// last ones.
const (
	logLines = 200
	logBytes = 256 << 10
)

// words reads the log of a container that has ended.
func (v *Volume) words(asker context.Context, pod *corev1.Pod) (log, error) {
	ctx, cancel := context.WithTimeout(asker, v.fleet.opt.Timeout)
	defer cancel()
	lines := int64(logLines)
	body, err := v.region.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{
		Container: mainContainer(pod.Spec, databaseContainers...).Name, TailLines: &lines,
	}).Stream(ctx)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	var said log
	take := &rapbot.CopyLines{Tell: func(_, _ int64) {}, Rest: func(line []byte) { said = append(said, line...) }}
	if _, err := io.Copy(take, io.LimitReader(body, logBytes)); err != nil {
		return nil, err
	}
	take.Finish()
	return said, nil
}

// divergence is the one line of the log that is an answer: a container's two
// outputs come as one, and the other lines are what the programs had to say.
func (l log) divergence() (rapbot.Divergence, error) {
	var found []byte
	for line := range bytes.Lines(l) {
		if !bytes.HasPrefix(line, []byte("{")) {
			continue
		}
		if found != nil {
			return rapbot.Divergence{}, errors.New("there are two")
		}
		found = line
	}
	if found == nil {
		return rapbot.Divergence{}, errors.New("it is no JSON object")
	}
	return rapbot.ReadDivergence(found)
}

// shown is how much of a log an error shows, in bytes.
const shown = 2 << 10

// words is the end of the log for people, without secrets (R10).
func (l log) words() string {
	text := strings.TrimRight(strings.TrimSpace(rapbot.HideSecrets(string(l))), ".")
	if len(text) > shown {
		text = "…" + text[len(text)-shown:]
	}
	return strings.ToValidUTF8(text, "")
}
