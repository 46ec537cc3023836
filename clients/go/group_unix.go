//go:build unix

package callme

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// gateScript waits to be told that the guard knows its group, and becomes the command. If we die before that, nothing is run at all.
	gateScript = `read -r go <&3 && exec 3<&- && exec "$@"`
	// guardScript learns whom to guard, and then reads a goodbye, or the end of the pipe: we are gone, however we ended.
	guardScript = `trap '' INT TERM HUP; read -r group || exit 0; read -r goodbye && exit 0; kill -9 "-$group"`
)

// group is a command with its descendants, and a guard: a small process, in a session of its own and with none of our streams, that kills
// them when we die without a goodbye.
type group struct {
	id    int
	guard *exec.Cmd
	tell  io.WriteCloser
}

// startGroup starts a command as a group of its own.
func startGroup(command *exec.Cmd) (*group, error) {
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	command.SysProcAttr.Setsid, command.SysProcAttr.Setpgid = true, false
	g := &group{guard: exec.Command("/bin/sh", "-c", guardScript, "call-me-guard")}
	g.guard.Dir, g.guard.Env, g.guard.SysProcAttr = "/", []string{}, &syscall.SysProcAttr{Setsid: true}
	var err error
	if g.tell, err = g.guard.StdinPipe(); err != nil {
		return nil, err
	}
	if err := g.guard.Start(); err != nil {
		return nil, fmt.Errorf("callme: no guard for the command: %w", err)
	}
	open, err := startGated(command)
	if err != nil {
		g.dismiss()
		return nil, err
	}
	g.id = command.Process.Pid
	fmt.Fprintf(g.tell, "%d\n", g.id)
	open()
	return g, nil
}

// startGated starts a command that does not begin before open is called.
func startGated(command *exec.Cmd) (open func(), err error) {
	if !canGate(command) {
		return func() {}, command.Start()
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	path := command.Path
	if !filepath.IsAbs(path) && !strings.Contains(path, "/") {
		path = "./" + path
	}
	command.Args = append([]string{"/bin/sh", "-c", gateScript, "call-me", path}, command.Args[1:]...)
	command.Path = "/bin/sh"
	command.ExtraFiles = []*os.File{read}
	if err := command.Start(); err != nil {
		write.Close()
		return nil, err
	}
	return func() {
		// It may have been killed meanwhile.
		_, _ = write.WriteString("go\n")
		write.Close()
	}, nil
}

var shellName = regexp.MustCompile(`^[A-Za-z_]\w*=`)

// canGate tells whether a shell can stand before it: it hands on only variables that it could name itself. A command that is not to be found is
// for exec.Cmd to tell.
func canGate(command *exec.Cmd) bool {
	if command.Err != nil || len(command.Args) == 0 || len(command.ExtraFiles) > 0 {
		return false
	}
	for _, entry := range command.Env {
		if !shellName.MatchString(entry) {
			return false
		}
	}
	return true
}

// dismiss lets the guard go: nothing is left to be guarded.
func (g *group) dismiss() {
	_, _ = io.WriteString(g.tell, "goodbye\n")
	_ = g.tell.Close()
	_ = g.guard.Wait()
}

// end ends what is left of the group: SIGTERM, and SIGKILL when patience is over.
func (g *group) end(patience time.Duration) {
	if !g.lives() {
		return
	}
	_ = syscall.Kill(-g.id, syscall.SIGTERM)
	if !g.gone(patience) {
		_ = syscall.Kill(-g.id, syscall.SIGKILL)
		g.gone(death)
	}
}

func (g *group) gone(patience time.Duration) bool {
	for until := time.Now().Add(patience); g.lives(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			return false
		}
	}
	return true
}

// lives tells whether any of the group runs. A zombie does not: where nobody reaps orphans (many a container) it stays for ever.
func (g *group) lives() bool {
	if err := syscall.Kill(-g.id, 0); err != nil {
		// EPERM: processes of another user, but on macOS a group of zombies.
		return err == syscall.EPERM && runtime.GOOS != "darwin"
	}
	if runtime.GOOS != "linux" {
		return true
	}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		// pid (name) state ppid pgrp …; the name may hold anything, so what counts stands behind the last bracket.
		text, _ := os.ReadFile(stat)
		fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
		if len(fields) > 2 && string(fields[2]) == strconv.Itoa(g.id) && !strings.Contains("ZX", string(fields[0])) {
			return true
		}
	}
	return false
}
