package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/bot"
	"github.com/rap-analyzer/rapbot/config"
	"github.com/rap-analyzer/rapbot/integrations/alertmanager"
	"github.com/rap-analyzer/rapbot/integrations/journal"
	"github.com/rap-analyzer/rapbot/integrations/slack"
)

func runCommand(path *string) *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "Run the bot until it is told to stop",
		Long:  "Runs the bot. It connects to Slack over Socket Mode, observes the regions, takes alerts in, and carries on with an operation that an earlier process left open.\nSIGINT and SIGTERM stop it; an operation under way goes on when it is started again.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(*path, os.LookupEnv)
			if err != nil {
				return err
			}
			log, err := newLogger(c.Log)
			if err != nil {
				return err
			}
			defer func() { _ = log.Sync() }() // stderr cannot always be synced
			return serve(cmd.Context(), c, log)
		},
	}
}

// serve wires the adapters to the bot and runs everything until ctx ends or
// one part fails. It is one straight line on purpose: what is opened first is
// closed last.
func serve(ctx context.Context, c *config.Config, log *zap.Logger) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	templates, err := alertTemplates(c.Alertmanager, registry)
	if err != nil {
		return err
	}
	if ignored := ignoredKeys(c.Alertmanager); ignored != "" {
		log.Warn("keys of alertmanager.slack mean nothing here and are ignored", zap.String("keys", ignored))
	}

	book, err := journal.Open(ctx, c.Journal.Path)
	if err != nil {
		return err
	}
	defer book.Close()

	clusters, err := openClusters(c, log)
	if err != nil {
		return err
	}
	fleet, sites, err := openFleet(ctx, c, clusters, log)
	if err != nil {
		return err
	}
	defer fleet.Close()
	data, err := volumes(c, clusters)
	if err != nil {
		return err
	}

	lag, err := openPrometheus(c)
	if err != nil {
		return err
	}

	silences, err := openSilences(c.Alertmanager.API)
	if err != nil {
		return err
	}

	var b *bot.Bot
	chat, err := slack.New(slack.Config{
		BotToken: c.Slack.BotToken.Reveal(), AppToken: c.Slack.AppToken.Reveal(), APIURL: c.Slack.APIURL, Connections: c.Slack.Connections,
		ApproverUsers: c.Approvals.Users, ApproverGroups: c.Approvals.Groups, FirstTime: firstTime(book), Log: log.Named("slack"),
	}, func(ctx context.Context, e slack.Event) { b.Handle(ctx, botEvent(e)) })
	if err != nil {
		return err
	}

	options := bot.Options{
		Fleet: fleet, Sites: sites, Limits: limits(c), Doers: instrument(fleet.Doers()),
		Instance: witness(clusters, fleet.InstanceWitness), Volumes: data, TryWrite: fleet.TryWrite, DrawWrites: drawWrites, DrawLag: drawLag, ObserveEvery: c.Limits.ObserveEvery, EmergencyDrills: c.Drills.AllowEmergency,
		Operations: book, Samples: book, Inbox: book, Notes: book, Firings: book, Explain: bot.Explain{Alerts: c.Replication.Explain, Threshold: c.Replication.AlertAbove}, Chat: chat, Directory: chat, AlertCard: logged(templates.Card, log), Room: chat.Room,
		Silences: silences, LongestSilence: c.Alertmanager.API.LongestSilence,
		OperationsChannel: c.Slack.Channels.Operations, AlertsChannel: c.Slack.Channels.Alerts,
		ExpireAfter: c.Approvals.ExpireAfter, Clock: machineClock(), Holder: "rapbot " + version(), Log: log.Named("bot"),
	}
	if lag != nil {
		options.LagHistories = []rapbot.LagHistory{lag}
	}
	if clusters != nil {
		options.Deployer = clusters.deployer(c, lag)
		maps.Copy(options.Doers, instrument(options.Deployer.Doers()))
	}
	if err := alerting(&options, c.Alertmanager); err != nil {
		return err
	}
	b = bot.New(options)
	if err := b.Begin(ctx); err != nil {
		return err
	}
	alertMetrics(b, registry)

	intake, err := guarded(c.Alertmanager, log.Named("alertmanager"))
	if err != nil {
		return err
	}
	intake.Inbox, intake.Wake, intake.Clock, intake.Registerer = b, b.WakeAlerts, time.Now, registry
	webhook, err := alertmanager.NewHandler(intake)
	if err != nil {
		return err
	}

	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return ended(ctx, "observe", fleet.Run(ctx)) })
	if clusters != nil {
		g.Go(func() error { return ended(ctx, "observe clusters", clusters.Run(ctx)) })
	}
	g.Go(func() error { return talk(ctx, chat, b, log) })
	g.Go(func() error { return ended(ctx, "bot", b.Run(ctx)) })
	g.Go(func() error {
		return listen(ctx, alertmanager.Server(c.Alertmanager.Listen, webhook, intake.Certificates))
	})
	g.Go(func() error { return listen(ctx, healthServer(c.Health.Listen, chat, registry)) })
	log.Info("running", zap.String("version", version()), zap.String("webhook", c.Alertmanager.Listen), zap.String("health", c.Health.Listen))
	err = g.Wait()
	log.Info("stopped", zap.Error(err))
	return err
}

// talk runs the Slack side. When Slack refuses us for good, a running
// operation is brought to its end first: it must not be left half done because
// a token was revoked. Then the error ends the process.
func talk(ctx context.Context, chat *slack.Adapter, b *bot.Bot, log *zap.Logger) error {
	err := ended(ctx, "slack", chat.Run(ctx))
	for err != nil && ctx.Err() == nil && b.Busy() {
		log.Error("slack refuses us; an operation is brought to its end first", zap.Error(err))
		_ = realClock{}.Sleep(ctx, time.Second) // it ends early only when everything does
	}
	return err
}

// ended is nil for a part that ended because everything ends.
func ended(ctx context.Context, part string, err error) error {
	if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
		return nil
	}
	if err == nil {
		err = errors.New("ended by itself")
	}
	return fmt.Errorf("%s: %w", part, err)
}

// listen serves until ctx ends, then lets requests under way finish. A server
// with a TLSConfig serves over TLS.
func listen(ctx context.Context, server *http.Server) error {
	l, err := net.Listen("tcp", server.Addr)
	if err != nil {
		return err
	}
	stopped := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(grace) // what is cut off is sent again by Alertmanager
	})
	defer stopped()
	serve := server.Serve
	if server.TLSConfig != nil {
		serve = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
	}
	if err := serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func firstTime(book *journal.Journal) func(context.Context, string) (bool, error) {
	return func(ctx context.Context, key string) (bool, error) { return book.FirstTime(ctx, key, time.Now()) }
}

// openSilences is nil, and no typed nil, when no address is configured.
func openSilences(c config.AlertmanagerAPI) (alert.Silences, error) {
	if !c.Configured() {
		return nil, nil
	}
	return alertmanager.NewSilences(alertmanager.SilencesOptions{URLs: c.URLs, Token: c.Token.Reveal(), Username: c.Username, Password: c.Password.Reveal()})
}

func reveal(secrets []config.Secret) []string {
	var out []string
	for _, s := range secrets {
		out = append(out, s.Reveal())
	}
	return out
}
