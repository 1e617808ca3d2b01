package image

import (
	"net/netip"
	"testing"

	. "github.com/onsi/gomega"
)

func TestAddressesAreDeniedByWhatTheyReach(t *testing.T) {
	for _, row := range []struct {
		address                           string
		byDefault, withLoopback, withCorp bool
		reason                            string
	}{
		{"140.82.121.33", true, true, true, "a public registry"},
		{"2606:50c0::1", true, true, true, "a public registry over IPv6"},
		{"169.254.169.254", false, false, false, "EC2's instance metadata"},
		{"169.254.170.2", false, false, false, "ECS's task credentials"},
		{"fe80::1", false, false, false, "link-local IPv6"},
		{"fd00:ec2::254", false, false, false, "EC2's instance metadata over IPv6, though it is a unique local address"},
		{"::ffff:169.254.169.254", false, false, false, "metadata written as IPv6"},
		{"64:ff9b::a9fe:a9fe", false, false, false, "metadata through NAT64"},
		{"2002:a9fe:a9fe::1", false, false, false, "metadata through 6to4"},
		{"0.0.0.0", false, false, false, "this host, in some systems"},
		{"::", false, false, false, "this host, in some systems"},
		{"224.0.0.1", false, false, false, "multicast"},
		{"255.255.255.255", false, false, false, "broadcast"},
		{"127.0.0.1", false, true, false, "loopback"},
		{"::1", false, true, false, "loopback IPv6"},
		{"::ffff:127.0.0.1", false, true, false, "loopback written as IPv6"},
		{"10.0.0.5", false, false, true, "a company's network"},
		{"172.16.9.9", false, false, true, "a company's network"},
		{"192.168.1.1", false, false, true, "a company's network"},
		{"fd12::1", false, false, true, "a unique local address"},
		{"100.64.1.1", false, false, true, "shared address space"},
		{"100.100.100.200", false, false, false, "Alibaba's instance metadata, though it is shared address space"},
		{"fd00:ec2::23", false, false, false, "EKS's pod identity"},
		{"fd20:ce::254", false, false, false, "Google's instance metadata over IPv6"},
		{"168.63.129.16", false, false, false, "Azure's host"},
		{"192.0.0.192", false, false, false, "Oracle's instance metadata"},
		{"198.18.0.1", false, false, false, "for benchmarks of networks"},
		{"fec0::1", false, false, false, "site-local IPv6"},
		{"::10.0.0.5", false, false, true, "a company's network, as IPv4-compatible IPv6"},
		{"::169.254.169.254", false, false, false, "metadata as IPv4-compatible IPv6"},
		{"64:ff9b:1::a9fe:a9fe", false, false, false, "metadata through a local NAT64"},
		{"2001::1", false, false, false, "Teredo"},
	} {
		t.Run(row.address+" "+row.reason, func(t *testing.T) {
			g := NewWithT(t)
			address := netip.MustParseAddr(row.address)
			for _, tried := range []struct {
				rule addressRule
				want bool
			}{{addressRule{}, row.byDefault}, {addressRule{allowLoopback: true}, row.withLoopback},
				{addressRule{private: everyPrivate}, row.withCorp}} {
				err := tried.rule.check(address)
				g.Expect(err == nil).To(Equal(tried.want), "%+v: %v", tried.rule, err)
				if err != nil {
					g.Expect(err).To(MatchError(ErrAddressDenied))
				}
			}
		})
	}
}
