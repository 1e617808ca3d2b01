package image

import (
	"net/netip"
	"strings"
	"syscall"
)

// ranges that Go's own predicates leave out.
var (
	sharedSpace  = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598; clouds keep internal services there
	thisNetwork  = netip.MustParsePrefix("0.0.0.0/8")
	reserved     = netip.MustParsePrefix("240.0.0.0/4")
	nat64        = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052: the IPv4 address is in the last four bytes
	sixToFour    = netip.MustParsePrefix("2002::/16")    // RFC 3056: the IPv4 address is in bytes 2 to 5
	metadataIPv6 = netip.MustParseAddr("fd00:ec2::254")  // EC2's instance metadata over IPv6
)

// addressRule decides which addresses may be connected to. It is asked with the address about to be dialled, after name
// resolution, so that a name that resolves to something else the second time gains nothing.
type addressRule struct {
	allowLoopback bool
	allowPrivate  bool
}

// control is a net.Dialer's Control.
func (r addressRule) control(_, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return refuse(ErrAddressDenied, "the address %q is not an IP address", bounded(address))
	}
	return r.check(target.Addr())
}

func (r addressRule) check(address netip.Addr) error {
	address = plain(address)
	switch {
	case address.IsLinkLocalUnicast(), address.IsMulticast(), address.IsUnspecified(),
		thisNetwork.Contains(address), reserved.Contains(address), address == metadataIPv6:
		return refuse(ErrAddressDenied, "connecting to %s is never allowed", address)
	case address.IsLoopback() && !r.allowLoopback:
		return refuse(ErrAddressDenied, "connecting to the loopback address %s is not allowed", address)
	case (address.IsPrivate() || sharedSpace.Contains(address)) && !r.allowPrivate:
		return refuse(ErrAddressDenied,
			"connecting to the private address %s is not allowed; the operator may be started so that it is", address)
	}
	return nil
}

// plain returns the IPv4 address that an IPv6 address stands for, and drops a zone.
func plain(address netip.Addr) netip.Addr {
	address = address.Unmap().WithZone("")
	bytes := address.As16()
	switch {
	case nat64.Contains(address):
		return netip.AddrFrom4([4]byte(bytes[12:16]))
	case sixToFour.Contains(address):
		return netip.AddrFrom4([4]byte(bytes[2:6]))
	}
	return address
}

// isLoopbackName reports a host that is loopback by its very text; another name is never taken for one.
func isLoopbackName(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && plain(address).IsLoopback()
}
