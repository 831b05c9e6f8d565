package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/s3"
	"github.com/wedsync/wedsync/connectors/s3/s3test"
	"github.com/wedsync/wedsync/hub/vault"
	"github.com/wedsync/wedsync/internal/album"
	"github.com/wedsync/wedsync/internal/bus"
	"github.com/wedsync/wedsync/internal/config"
	"github.com/wedsync/wedsync/internal/demo"
	"github.com/wedsync/wedsync/internal/gqlclient"
	"github.com/wedsync/wedsync/server"
	"github.com/wedsync/wedsync/server/observe"
)

type demoFlags struct {
	folder, data string
	once         bool
}

func demoCommand() *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Sync an album to three stores on this machine, and show how",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), cmd.OutOrStdout()) },
	}
	cmd.Flags().StringVar(&f.folder, "folder", "", "sync the photos of this folder, which is only read; default: an album of the demo's own")
	cmd.Flags().StringVar(&f.data, "data", filepath.Join("data", "demo"), "where the demo keeps its files; emptied at the start")
	cmd.Flags().BoolVar(&f.once, "once", false, "exit when the job is done")
	return cmd
}

// Who acts in the demo.
const (
	demoStudio = "Demo studio"
	demoOwner  = "demo@example.com"
)

// marker tells a folder of the demo's own from one that must not be emptied.
const marker = ".wedsync-demo"

func (f demoFlags) run(ctx context.Context, out io.Writer) error {
	data, err := f.prepare()
	if err != nil {
		return err
	}
	folder, err := f.photos(ctx, out, data)
	if err != nil {
		return err
	}
	cfg, err := demoConfig(data)
	if err != nil {
		return err
	}
	log := observe.NewLogger(os.Stderr, cfg)
	bus.LogTo(log)
	hub, err := server.New(ctx, cfg, log)
	if err != nil {
		return err
	}
	err = f.serveAndPlay(ctx, out, hub, data, folder)
	return errors.Join(err, hub.Close())
}

// serveAndPlay serves the hub while the demo plays and, unless it is to end then,
// until ctx ends.
func (f demoFlags) serveAndPlay(ctx context.Context, out io.Writer, hub *server.Server, data, folder string) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	started, served := make(chan struct{}), make(chan error, 1)
	go func() {
		defer stop()
		served <- hub.Serve(ctx, true, func() { close(started) })
	}()
	select {
	case <-started:
	case err := <-served:
		return err
	}
	err := f.play(ctx, out, hub, data, folder)
	if err == nil && !f.once {
		fmt.Fprintln(out, "\nThe hub stays up; end it with Ctrl-C.")
		<-ctx.Done()
	}
	stop()
	return errors.Join(err, <-served)
}

// prepare empties the demo's folder, and only one that the demo made.
func (f demoFlags) prepare() (string, error) {
	data, err := filepath.Abs(f.data)
	if err != nil {
		return "", err
	}
	entries, err := os.ReadDir(data)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(data, marker)); err != nil && len(entries) > 0 {
		return "", fmt.Errorf("%s holds files that are not the demo's; choose another folder with --data", data)
	}
	if err := os.RemoveAll(data); err != nil {
		return "", err
	}
	if err := os.MkdirAll(data, 0o755); err != nil {
		return "", err
	}
	return data, os.WriteFile(filepath.Join(data, marker), []byte("The demo empties this folder when it starts.\n"), 0o644)
}

// photos returns the folder to sync, which it makes unless the user gave one.
func (f demoFlags) photos(ctx context.Context, out io.Writer, data string) (string, error) {
	if f.folder != "" {
		folder, err := filepath.Abs(f.folder)
		if err != nil {
			return "", err
		}
		info, err := os.Stat(folder)
		if err != nil {
			return "", err
		}
		if !info.IsDir() {
			return "", fmt.Errorf("%s is no folder", folder)
		}
		return folder, nil
	}
	folder := filepath.Join(data, "album")
	o := album.Wedding(time.Date(2026, 6, 20, 0, 0, 0, 0, time.UTC))
	o.Progress = func(done, total int) { fmt.Fprintf(out, "\rmaking an album: %d of %d files", done, total) }
	err := album.Make(ctx, folder, o)
	fmt.Fprintln(out)
	return folder, err
}

// demoConfig is the configuration of the environment with the demo's own data. A
// database and a Redis that the environment names are used; what the demo leaves
// there nobody will open again, so that any master key will do.
func demoConfig(data string) (config.Config, error) {
	vars := map[string]string{}
	for _, v := range os.Environ() {
		name, value, _ := strings.Cut(v, "=")
		vars[name] = value
	}
	vars["WEDSYNC_DATA_DIR"] = filepath.Join(data, "hub")
	if vars["WEDSYNC_DATABASE_URL"] != "" && vars["WEDSYNC_MASTER_KEY"] == "" {
		key := make([]byte, vault.KeySize)
		rand.Read(key) // never fails: the runtime ends the program instead
		vars["WEDSYNC_MASTER_KEY"] = base64.StdEncoding.EncodeToString(key)
	}
	cfg, err := config.FromEnvironment(vars)
	if err != nil {
		return cfg, err
	}
	cfg.LogLevel = max(cfg.LogLevel, slog.LevelWarn) // the demo's own words are enough
	return cfg, nil
}

func (f demoFlags) play(ctx context.Context, out io.Writer, hub *server.Server, data, folder string) error {
	token, err := hub.CreateToken(ctx, server.Grant{
		Organization: demoStudio, Email: demoOwner, Role: "OWNER", Name: "demo",
	})
	if err != nil {
		return err
	}
	stores, closeStores, err := sandboxes(ctx, data)
	if err != nil {
		return err
	}
	err = demo.Play(ctx, demo.Config{
		Hub: &gqlclient.Client{URL: hub.PublicURL(), Token: token}, Out: out,
		Folder: folder, Own: f.folder != "", Scratch: data, Stores: stores,
	})
	if err != nil || f.once {
		return errors.Join(err, closeStores())
	}
	context.AfterFunc(ctx, func() { _ = closeStores() })
	link, err := hub.MemberLink(ctx, demoOwner, demoStudio)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nplayground  %s/playground\nmetrics     %s/metrics\nsign in     %s\ntoken       %s\n",
		hub.PublicURL(), hub.PublicURL(), link, token)
	return nil
}

// sandboxes starts the stores: a folder and two buckets of an S3 sandbox.
func sandboxes(ctx context.Context, data string) ([]demo.Store, func() error, error) {
	disk := filepath.Join(data, "backup disk")
	blobs := filepath.Join(data, "s3")
	for _, dir := range []string{disk, blobs} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, nil, err
		}
	}
	key, secret := "demo", rand.Text()
	sandbox, err := s3test.New(s3test.Options{AccessKey: key, SecretKey: secret, Buckets: []string{"studio", "offsite"}, Dir: blobs})
	if err != nil {
		return nil, nil, err
	}
	listener, err := sandbox.Listen("127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	stores := []demo.Store{{
		Name: "Backup disk", Provider: "local", Settings: map[string]string{"root": disk}, Dir: disk,
		Open: func(_ context.Context, path string) (io.ReadCloser, error) { return os.Open(filepath.Join(disk, path)) },
	}}
	closers := []func() error{listener.Close}
	for _, bucket := range []string{"studio", "offsite"} {
		s := demo.Store{
			Name: "S3 " + bucket, Provider: "s3",
			Settings: map[string]string{"bucket": bucket, "endpoint": listener.URL},
			Secrets:  map[string]string{"access_key_id": key, "secret_access_key": secret},
		}
		c, err := s3.Vendor{}.Open(ctx, connectors.Config{Settings: s.Settings, Secrets: s.Secrets, HTTP: http.DefaultClient})
		if err != nil {
			return nil, nil, errors.Join(err, listener.Close())
		}
		closers = append(closers, c.Close)
		source := c.(connectors.Source)
		s.Open = func(ctx context.Context, path string) (io.ReadCloser, error) {
			r, _, err := source.Open(ctx, path, 0, "")
			return r, err
		}
		stores = append(stores, s)
	}
	return stores, func() error {
		var errs []error
		for _, c := range closers {
			errs = append(errs, c())
		}
		return errors.Join(errs...)
	}, nil
}
