package realnodes

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// wanDevice is what the network between the regions is called in each of them.
const wanDevice = "wan"

// within runs something in the network of a process. Programs that it starts are in that network too.
func within(pid int, do func() error) error {
	network, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err != nil {
		return err
	}
	defer network.Close()
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine, since it is in another network
		if err := unix.Setns(int(network.Fd()), unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("enter the network of process %d: %w", pid, err)
			return
		}
		done <- do()
	}()
	return <-done
}

// openTun makes a network device in the network of this thread, whose packets are read from and written to the file.
func openTun(name string) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/net/tun: %w", err)
	}
	request, err := unix.NewIfreq(name)
	if err == nil {
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("make the device %s: %w", name, err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// plug puts the network of a process on the WAN: a device with an address, through which everything goes that is not near.
func plug(pid int, address string) (device *os.File, err error) {
	err = within(pid, func() error {
		if device, err = openTun(wanDevice); err != nil {
			return err
		}
		return ip(
			"link set lo up",
			"addr add "+address+"/32 dev "+wanDevice,
			"link set "+wanDevice+" mtu 1400 txqueuelen 1000 up",
			"route add default dev "+wanDevice,
		)
	})
	if err != nil && device != nil {
		_ = device.Close()
	}
	return device, err
}

// ip runs ip(8) in the network of this thread.
func ip(lines ...string) error {
	cmd := exec.Command("ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ip: %w: %s", err, out)
	}
	return nil
}
