package guard

import (
	"net/netip"
	"testing"
)

func TestPublicAddresses(t *testing.T) {
	for _, c := range []struct {
		address  string
		public   bool
		loopback bool // accepted if loopback is allowed
	}{
		{"8.8.8.8", true, true}, {"1.1.1.1", true, true}, {"104.18.2.3", true, true}, {"172.15.255.255", true, true}, {"172.32.0.1", true, true},
		{"2606:4700::6812:203", true, true}, {"2a00:1450:4001::200e", true, true},
		{"::ffff:8.8.8.8", true, true}, {"64:ff9b::8.8.8.8", true, true}, {"2002:808:808::1", true, true},

		{"127.0.0.1", false, true}, {"127.255.255.254", false, true}, {"::1", false, true}, {"::ffff:127.0.0.1", false, true},

		{"0.0.0.0", false, false}, {"0.1.2.3", false, false}, {"10.0.0.1", false, false}, {"100.64.0.1", false, false}, {"100.127.255.255", false, false},
		{"169.254.169.254", false, false}, {"169.254.170.2", false, false}, {"172.16.0.1", false, false}, {"172.31.255.255", false, false},
		{"192.0.0.1", false, false}, {"192.0.2.1", false, false}, {"192.168.1.1", false, false}, {"198.18.0.1", false, false}, {"198.19.255.255", false, false},
		{"198.51.100.1", false, false}, {"203.0.113.1", false, false}, {"224.0.0.1", false, false}, {"240.0.0.1", false, false}, {"255.255.255.255", false, false},

		{"::", false, false}, {"fe80::1", false, false}, {"fe80::1%eth0", false, false}, {"fc00::1", false, false}, {"fd00:ec2::254", false, false}, {"fec0::1", false, false},
		{"ff02::1", false, false}, {"2001:db8::1", false, false}, {"3fff::1", false, false}, {"100::1", false, false}, {"5f00::1", false, false},
		{"2001::1", false, false},                                                                // Teredo
		{"::127.0.0.1", false, false}, {"::10.0.0.1", false, false}, {"::8.8.8.8", false, false}, // IPv4-compatible
		{"::ffff:10.0.0.1", false, false}, {"::ffff:169.254.169.254", false, false}, {"::ffff:a9fe:a9fe", false, false}, // IPv4-mapped
		{"::ffff:0:7f00:1", false, false}, {"::ffff:0:a9fe:a9fe", false, false}, // IPv4-translated
		{"64:ff9b::10.0.0.1", false, false}, {"64:ff9b::127.0.0.1", false, false}, {"64:ff9b::a9fe:a9fe", false, false}, {"64:ff9b:1::8.8.8.8", false, false}, // NAT64
		{"2002:a00:1::1", false, false}, {"2002:7f00:1::1", false, false}, {"2002:a9fe:a9fe::", false, false}, // 6to4
	} {
		address := netip.MustParseAddr(c.address)
		port := netip.AddrPortFrom(address, 443).String()
		if err := Address(port, false); (err == nil) != c.public {
			t.Errorf("%s: %v", c.address, err)
		}
		if err := Address(port, true); (err == nil) != c.loopback {
			t.Errorf("%s with loopback: %v", c.address, err)
		}
	}
	for _, address := range []string{"", "cdn.example:443", "8.8.8.8", "[::1]"} {
		if Address(address, true) == nil {
			t.Errorf("%q is no address", address)
		}
	}
}
