// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Command actor is what the tests of package cell run in their cells.
package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"
)

// etherType is from the range for local experiments.
const etherType = 0x88B5

func main() {
	if err := act(os.Args[1], os.Args[2:]); err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

func act(what string, args []string) error {
	switch what {
	case "wait":
		return wait()
	case "children":
		return children()
	case "listen":
		return listen(args[0], args[1])
	case "send":
		return send(args[0], args[1])
	case "receive":
		return receive(args[0])
	case "write":
		return os.WriteFile(args[0], []byte("x"), 0o644)
	case "status":
		text, err := os.ReadFile("/proc/self/status")
		fmt.Println(string(text), os.Environ())
		return err
	}
	return fmt.Errorf("no act %q", what)
}

func wait() error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, unix.SIGTERM)
	fmt.Println("waiting")
	<-stop
	fmt.Println("stopped")
	return nil
}

// children leaves processes behind that nothing but the end of PID 1 ends.
func children() error {
	for range 3 {
		cmd := exec.Command("/proc/self/exe", "wait")
		cmd.Stdout = os.Stdout
		if err := cmd.Start(); err != nil {
			return err
		}
	}
	return wait()
}

// listen serves one address and echoes lines.
func listen(network, address string) error {
	l, err := net.Listen(network, address)
	if err != nil {
		return err
	}
	fmt.Println("listening")
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			_, _ = io.Copy(conn, bufio.NewReader(conn))
			conn.Close()
		}()
	}
}

func packetSocket(device string) (int, *unix.SockaddrLinklayer, error) {
	i, err := net.InterfaceByName(device)
	if err != nil {
		return 0, nil, err
	}
	protocol := binary.NativeEndian.Uint16([]byte{etherType >> 8, etherType & 0xff})
	to := &unix.SockaddrLinklayer{Protocol: protocol, Ifindex: i.Index, Halen: 6, Addr: [8]byte{255, 255, 255, 255, 255, 255}}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM, int(protocol))
	if err != nil {
		return 0, nil, err
	}
	return fd, to, unix.Bind(fd, to)
}

// send sends a frame with the text now and then, whatever becomes of it.
func send(device, text string) error {
	fd, to, err := packetSocket(device)
	if err != nil {
		return err
	}
	fmt.Println("sending")
	for range time.Tick(10 * time.Millisecond) {
		_ = unix.Sendto(fd, []byte(text), 0, to)
	}
	return nil
}

// receive prints each text once.
func receive(device string) error {
	fd, _, err := packetSocket(device)
	if err != nil {
		return err
	}
	fmt.Println("receiving")
	buf := make([]byte, 1<<16)
	last := ""
	for {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if err != nil {
			continue
		}
		if text := string(buf[:n]); text != last {
			last = text
			fmt.Println("received", text)
		}
	}
}
