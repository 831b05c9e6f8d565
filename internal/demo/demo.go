package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/wedsync/wedsync/internal/gqlclient"
)

// Store is a place that the demo syncs to.
type Store struct {
	Name     string
	Provider string
	Settings map[string]string
	Secrets  map[string]string
	// Dir is set if the store is a folder of this machine: the demo edits a file
	// there as another program would.
	Dir string
	// Open reads a file of the store without the hub, to compare.
	Open func(ctx context.Context, path string) (io.ReadCloser, error)
}

// Config is what the demo plays with.
type Config struct {
	Hub *gqlclient.Client
	Out io.Writer
	// Folder holds the files to sync. If Own is set they belong to the user: they
	// are only read, and the second act plays on a copy of some of them in Scratch.
	Folder  string
	Own     bool
	Scratch string
	Stores  []Store
}

// copiedForActTwo bounds how many of the user's own files are copied.
const (
	copiedForActTwo      = 30
	copiedBytesForActTwo = 300 << 20
)

type demo struct {
	Config
	api
	wedding string
	targets []string
}

// Play runs both acts. It fails if anything did not arrive as it should.
func Play(ctx context.Context, c Config) error {
	d := &demo{Config: c, api: api{hub: c.Hub}}
	if err := d.connect(ctx); err != nil {
		return err
	}
	place := "Album"
	sync, err := d.define(ctx, c.Folder, place)
	if err != nil {
		return err
	}
	d.title("Act 1: every file to %d stores", len(c.Stores))
	if err := d.firstAct(ctx, sync, c.Folder, place); err != nil {
		return err
	}
	folder := c.Folder
	if c.Own {
		folder, place = filepath.Join(c.Scratch, "copy"), "Copy"
		if err := copySome(c.Folder, folder); err != nil {
			return fmt.Errorf("copy some of your files to play with: %w", err)
		}
		d.title("Act 2 plays on a copy of some of your files, in %s", folder)
		if sync, err = d.define(ctx, folder, place); err != nil {
			return err
		}
		if err := d.firstAct(ctx, sync, folder, place); err != nil {
			return err
		}
	}
	d.title("Act 2: edits, renames, deletions, and one file edited on both sides")
	return d.secondAct(ctx, sync, folder, place)
}

func (d *demo) title(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if d.onTerminal() {
		text = "\x1b[1m" + text + "\x1b[0m"
	}
	fmt.Fprintf(d.Out, "\n%s\n", text)
}

func (d *demo) onTerminal() bool {
	f, ok := d.Out.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.Out, "  "+format+"\n", args...) }

// connect makes a wedding and joins the stores.
func (d *demo) connect(ctx context.Context) error {
	var err error
	if d.wedding, err = d.createWedding(ctx); err != nil {
		return err
	}
	for _, s := range d.Stores {
		id, err := d.createConnection(ctx, s.Provider, s.Name, s.Settings, s.Secrets)
		if err != nil {
			return fmt.Errorf("connect %s: %w", s.Name, err)
		}
		d.targets = append(d.targets, id)
	}
	return nil
}

// define joins the folder and defines its sync to a folder of each store.
func (d *demo) define(ctx context.Context, folder, path string) (string, error) {
	absolute, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	source, err := d.createConnection(ctx, "local", filepath.Base(absolute), map[string]string{"root": absolute}, nil)
	if err != nil {
		return "", fmt.Errorf("connect the folder: %w", err)
	}
	return d.createSync(ctx, d.wedding, source, d.targets, path)
}

// copySome copies the first files of a folder, up to the bounds.
func copySome(from, to string) error {
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	var total int64
	files, err := list(from)
	if err != nil {
		return err
	}
	copied := 0
	for _, path := range files {
		if !playable(path) {
			continue
		}
		info, err := os.Stat(filepath.Join(from, path))
		if err != nil {
			return err
		}
		if copied++; copied > copiedForActTwo || total+info.Size() > copiedBytesForActTwo {
			break
		}
		total += info.Size()
		content, err := os.ReadFile(filepath.Join(from, path))
		if err != nil {
			return err
		}
		if err := write(filepath.Join(to, path), content); err != nil {
			return err
		}
		if err := os.Chtimes(filepath.Join(to, path), info.ModTime(), info.ModTime()); err != nil {
			return err
		}
	}
	return nil
}

// playable reports whether act two may use the file: it renames some, to longer
// names.
func playable(path string) bool {
	return utf8.ValidString(path) && len(filepath.Base(path)) < 200
}
