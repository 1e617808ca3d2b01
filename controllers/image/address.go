package image

import (
	"net/netip"
	"slices"
	"strings"
	"syscall"
)

// ranges that Go's own predicates leave out.
var (
	sharedSpace = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598; clouds keep internal services there
	thisNetwork = netip.MustParsePrefix("0.0.0.0/8")
	reserved    = netip.MustParsePrefix("240.0.0.0/4")
	nat64       = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052: the IPv4 address is in the last four bytes
	sixToFour   = netip.MustParsePrefix("2002::/16")    // RFC 3056: the IPv4 address is in bytes 2 to 5
	compatible  = netip.MustParsePrefix("::/96")        // RFC 4291: an IPv4 address, in the last four bytes
)

// never lists what no registry is at, though it may lie within a private network: what clouds tell machines and pods
// of themselves, their credentials among it, and what leads on to other addresses.
var never = []netip.Prefix{
	thisNetwork, reserved,
	netip.MustParsePrefix("fd00:ec2::/32"),      // EC2's instance metadata, EKS's pod identity
	netip.MustParsePrefix("fd20:ce::/32"),       // Google's instance metadata
	netip.MustParsePrefix("100.100.100.200/32"), // Alibaba's
	netip.MustParsePrefix("168.63.129.16/32"),   // Azure's
	netip.MustParsePrefix("192.0.0.0/24"),       // RFC 6890, Oracle's instance metadata among it
	netip.MustParsePrefix("198.18.0.0/15"),      // RFC 2544
	netip.MustParsePrefix("fec0::/10"),          // RFC 3879
	netip.MustParsePrefix("64:ff9b:1::/48"),     // RFC 8215
	netip.MustParsePrefix("2001::/32"),          // RFC 4380, Teredo
}

// everyPrivate network is where the account's own registry may be: behind an endpoint of the VPC.
var everyPrivate = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	sharedSpace, netip.MustParsePrefix("fc00::/7"),
}

// addressRule decides which addresses may be connected to. It is asked with the address about to be dialled, after name
// resolution, so that a name that resolves to something else the second time gains nothing.
type addressRule struct {
	allowLoopback bool
	// private networks that may be connected to.
	private []netip.Prefix
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
	case address.IsLinkLocalUnicast(), address.IsMulticast(), address.IsUnspecified(), inAny(never, address):
		return refuse(ErrAddressDenied, "connecting to %s is never allowed", address)
	case address.IsLoopback() && !r.allowLoopback:
		return refuse(ErrAddressDenied, "connecting to the loopback address %s is not allowed", address)
	case inAny(everyPrivate, address) && !inAny(r.private, address):
		// The address is not told: who asks need not learn what a name leads to inside.
		return refuse(ErrAddressDenied,
			"connecting to a private address is not allowed: the platform team may name its network to the operator by "+
				"--private-registries")
	}
	return nil
}

func inAny(networks []netip.Prefix, address netip.Addr) bool {
	return slices.ContainsFunc(networks, func(network netip.Prefix) bool { return network.Contains(address) })
}

// plain returns the IPv4 address that an IPv6 address stands for, and drops a zone.
func plain(address netip.Addr) netip.Addr {
	address = address.Unmap().WithZone("")
	bytes := address.As16()
	switch {
	case nat64.Contains(address), compatible.Contains(address) && !address.IsLoopback() && !address.IsUnspecified():
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
