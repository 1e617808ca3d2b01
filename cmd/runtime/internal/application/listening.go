package application

import (
	"encoding/binary"
	"encoding/hex"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/cmd/runtime/internal/process"
)

// dialTimeout bounds one attempt to reach the application, which is on this machine.
const dialTimeout = time.Second

// accepting finds an address of the port that accepts connections: servers listen on 127.0.0.1, on all addresses, on
// ::1 where that is what localhost stands for, or on the address that the machine's name has.
func accepting(port int) (address string, found bool) {
	usual := []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	for _, ip := range usual {
		if address := netip.AddrPortFrom(ip, uint16(port)).String(); accepts(address) { //nolint:gosec // a port
			return address, true
		}
	}
	for listener := range listening() {
		if int(listener.Port()) != port || listener.Addr().IsUnspecified() || slices.Contains(usual, listener.Addr()) {
			continue
		}
		if address := listener.String(); accepts(address) {
			return address, true
		}
	}
	return "", false
}

func accepts(address string) bool {
	conn, err := net.DialTimeout("tcp", address, dialTimeout)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// listening are the addresses that programs of this machine listen on, each with its socket's number (proc(5),
// /proc/net/tcp). It is empty where the kernel does not tell.
func listening() map[netip.AddrPort]string {
	all := map[netip.AddrPort]string{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		content, err := os.ReadFile(table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(content)) {
			if address, socket, ok := listener(line); ok {
				all[address] = socket
			}
		}
	}
	return all
}

// listener reads a line of the table: "n: address:port remote:port state queues timer retransmits uid timeout socket
// ...", in hexadecimal digits, the address in words of the machine's order.
func listener(line string) (address netip.AddrPort, socket string, ok bool) {
	const stateListen = "0A"
	fields := strings.Fields(line)
	if len(fields) < 10 || fields[3] != stateListen {
		return address, "", false
	}
	host, portText, _ := strings.Cut(fields[1], ":")
	port, err := strconv.ParseUint(portText, 16, 16)
	raw, hexErr := hex.DecodeString(host)
	if err != nil || hexErr != nil || len(raw)%4 != 0 {
		return address, "", false
	}
	for word := range slices.Chunk(raw, 4) {
		binary.BigEndian.PutUint32(word, binary.NativeEndian.Uint32(word))
	}
	ip, ok := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(ip.Unmap(), uint16(port)), fields[9], ok
}

// ownAddresses are those that the application and what it started listen on, in order.
func ownAddresses() []string {
	sockets := map[string]bool{}
	for _, pid := range process.Descendants() {
		folder := "/proc/" + strconv.Itoa(pid) + "/fd"
		files, err := os.ReadDir(folder)
		if err != nil {
			continue
		}
		for _, file := range files {
			if link, err := os.Readlink(folder + "/" + file.Name()); err == nil {
				sockets[strings.TrimSuffix(strings.TrimPrefix(link, "socket:["), "]")] = true
			}
		}
	}
	var own []string
	for address, socket := range listening() {
		if sockets[socket] {
			own = append(own, address.String())
		}
	}
	return slices.Sorted(slices.Values(own))
}
