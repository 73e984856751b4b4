// Command lab starts the whole world of rapbot on this machine: an emulated
// Slack with a web page, three real PostgreSQL servers, a writer, and the real
// rapbot. See docs/lab.md.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/rap-analyzer/rapbot/lab/regions"
	"github.com/rap-analyzer/rapbot/lab/world"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := root().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(1)
	}
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use: "lab", Short: "The whole world of rapbot on this machine",
		SilenceUsage: true, SilenceErrors: true,
	}
	cmd.AddCommand(up(), down())
	return cmd
}

func up() *cobra.Command {
	var dir, binaries string
	var port int
	var foreground, demo bool
	cmd := &cobra.Command{
		Use: "up", Short: "Start the lab, in the background unless told otherwise, and write world.json", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if foreground || demo {
				return runForeground(cmd.Context(), dir, binaries, port, demo)
			}
			return runBackground(cmd.Context(), dir, binaries, port)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", ".lab", "folder for world.json, logs and data")
	cmd.Flags().StringVar(&binaries, "bin", "", "folder with built binaries of rapbot and instance; built when empty")
	cmd.Flags().IntVar(&port, "port", 0, "port of the page; a free one when 0")
	cmd.Flags().BoolVar(&foreground, "foreground", false, "stay in the foreground until interrupted")
	cmd.Flags().BoolVar(&demo, "demo", false, "stay in the foreground and explain what to do")
	return cmd
}

func down() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use: "down", Short: "End exactly what up started", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return end(dir) },
	}
	cmd.Flags().StringVar(&dir, "dir", ".lab", "the lab's folder")
	return cmd
}

// begun is when this process started; progress lines show the time since.
var begun = time.Now()

func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "[%4.0fs] %s\n", time.Since(begun).Seconds(), fmt.Sprintf(format, args...))
}

func runForeground(ctx context.Context, dir, binaries string, port int, demo bool) error {
	if f, err := world.ReadFacts(dir); err == nil && alive(f.Lab.PID) {
		return fmt.Errorf("a lab runs in %s already, with its page at %s; end it with: go run ./lab down --dir %s", dir, f.Page, dir)
	}
	bot, instance := filepath.Join(binaries, "rapbot"), filepath.Join(binaries, "instance")
	if binaries == "" {
		var err error
		if bot, instance, err = world.Build(ctx, filepath.Join(dir, "bin"), progress); err != nil {
			return err
		}
	}
	w, err := world.Up(ctx, world.Options{
		Dir: dir, PageAddr: fmt.Sprintf("127.0.0.1:%d", port), Binary: bot, Instance: instance, Log: progress,
		Writer: regions.WriterOptions{Workers: 4, Pause: 10 * time.Millisecond}, Links: true,
	})
	if err != nil {
		return err
	}
	progress("the lab is up")
	if demo {
		explain(w.Facts())
	} else {
		fmt.Println(w.Facts().Page)
	}
	<-ctx.Done()
	progress("ending the lab")
	return w.Close()
}

func explain(f world.Facts) {
	fmt.Printf(`
  Open %s

    1. As alice, type            /rap status
    2. then                      /rap failover us-west-2 --reason trying it out
    3. Switch "Acting as" to bob and press Approve Switchover; watch the thread.
    4. The emergency: press Kill beside the primary on the right, then
                                 /rap failover REGION --force --reason it is gone
       Approve it as bob, press Start beside the dead one, and watch its boot gate hold it.
       Then                      /rap rejoin REGION
    5. The drill, there and back: /rap drill us-west-2
       Approve both legs; the report and a picture come into the first one's thread.
    6. Press Make dark beside the primary and fail over: the card says until when the fence waits.

  Logs and data are in %s. Press Ctrl-C to end everything.

`, f.Page, filepath.Dir(f.Bot.Config))
}

// runBackground starts this program again in the background and returns when
// world.json is there.
func runBackground(ctx context.Context, dir, binaries string, port int) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if f, err := world.ReadFacts(dir); err == nil && alive(f.Lab.PID) {
		return fmt.Errorf("a lab runs in %s already, with its page at %s; end it with: go run ./lab down --dir %s", dir, f.Page, dir)
	}
	_ = os.Remove(filepath.Join(dir, "world.json")) // of a lab that was killed
	log, err := os.Create(filepath.Join(dir, "lab.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(self, "up", "--foreground", "--dir", dir, "--bin", binaries, "--port", fmt.Sprint(port))
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	progress("starting the lab in the background; its log is %s", log.Name())
	for {
		if f, err := world.ReadFacts(dir); err == nil {
			fmt.Println(f.Page)
			return nil
		}
		select {
		case err := <-ended:
			words, _ := os.ReadFile(log.Name())
			return fmt.Errorf("the lab ended: %w\n%s", err, words)
		case <-ctx.Done():
			_ = cmd.Process.Signal(syscall.SIGTERM)
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// end asks the lab's own process to end and waits until it has.
func end(dir string) error {
	f, err := world.ReadFacts(dir)
	if err != nil {
		return err
	}
	if !alive(f.Lab.PID) {
		return os.Remove(filepath.Join(dir, "world.json"))
	}
	if err := syscall.Kill(f.Lab.PID, syscall.SIGTERM); err != nil {
		return err
	}
	for deadline := time.Now().Add(30 * time.Second); alive(f.Lab.PID); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("the lab (process %d) has not ended in 30 s", f.Lab.PID)
		}
	}
	return nil
}

// alive reports whether the process runs; a zombie does not.
func alive(pid int) bool {
	if pid <= 0 || syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	for i := len(stat) - 1; i > 1; i-- {
		if stat[i] == ')' {
			return i+2 < len(stat) && stat[i+2] != 'Z'
		}
	}
	return true
}
