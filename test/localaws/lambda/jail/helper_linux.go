package jail

import (
	"encoding/json"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// connection is the helper's end of the socket pair, the first of exec.Cmd's extra files.
const connection = 3

func init() {
	if len(os.Args) != 1 || os.Args[0] != helperName {
		return
	}
	// The parent-death signal and the credentials belong to a thread; the main one becomes the program.
	runtime.LockOSThread()
	runHelper()
	os.Exit(125)
}

func runHelper() {
	unix.CloseOnExec(connection)
	buffer := make([]byte, maxPacket)
	n, err := unix.Read(connection, buffer)
	if err != nil {
		return
	}
	var got order
	if err := json.Unmarshal(buffer[:n], &got); err != nil {
		answer(report{Error: err.Error()})
		return
	}
	sockets, err := openPorts(got)
	if err != nil {
		answer(report{Error: err.Error()})
		return
	}
	if err := enter(got); err != nil {
		answer(report{Error: err.Error()})
		return
	}
	var rights []byte
	if len(sockets) > 0 {
		rights = unix.UnixRights(sockets...)
	}
	if err := unix.Sendmsg(connection, report{Ready: true}.encode(), rights, nil, 0); err != nil {
		return
	}
	answer(become(got))
}

func answer(r report) { _ = unix.Sendmsg(connection, r.encode(), nil, nil, 0) }

// become replaces the helper by the program; it returns only when that fails.
func become(got order) report {
	dir := got.Dir
	if dir == "" {
		dir = "/"
	}
	if err := limitFiles(); err != nil {
		return report{Error: err.Error()}
	}
	if err := dropPrivileges(got.Mode); err != nil {
		return report{Error: err.Error()}
	}
	// As the program's user: a folder that only root may enter is none for it.
	if err := os.Chdir(dir); err != nil {
		return report{Kind: kindWorkingDir, Error: err.Error()}
	}
	if len(got.Args) == 0 || got.Args[0] == "" || got.Args[0][0] != '/' {
		return report{Kind: kindEntrypoint, Error: "the entry point is not an absolute path"}
	}
	err := unix.Exec(got.Args[0], got.Args, got.Env)
	return report{Kind: kindEntrypoint, Error: "fork/exec " + got.Args[0] + ": " + err.Error()}
}
