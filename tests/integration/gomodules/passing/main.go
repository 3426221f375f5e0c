// Command passing is a frontend for `# syntax=` lines that hands a build on to the one that the
// engine brings with it. It speaks to BuildKit as every frontend does: by gRPC, over its standard
// input and output (frontend/gateway/pb/gateway.proto), here with no more of it than that takes.
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

const (
	service = "http://engine/moby.buildkit.v1.frontend.LLBBridge/"
	option  = "BUILDKIT_FRONTEND_OPT_"

	// Fields of SolveRequest, SolveResponse and ReturnRequest.
	frontend            = 2
	frontendOpt         = 3
	allowResultReturn   = 5
	allowResultArrayRef = 6
	solved              = 3
	returned            = 1
)

// stdio is both ends of what the engine has put in place of a network.
type stdio struct {
	net.Conn
	io.Reader
	io.Writer
}

func (stdio) Close() error                     { return nil }
func (stdio) SetDeadline(time.Time) error      { return nil }
func (stdio) SetReadDeadline(time.Time) error  { return nil }
func (stdio) SetWriteDeadline(time.Time) error { return nil }
func (c stdio) Read(data []byte) (int, error)  { return c.Reader.Read(data) }
func (c stdio) Write(data []byte) (int, error) { return c.Writer.Write(data) }

func text(field int, value string) []byte {
	head := binary.AppendUvarint(nil, uint64(field)<<3|2)
	return append(binary.AppendUvarint(head, uint64(len(value))), value...)
}

func yes(field int) []byte { return []byte{byte(field << 3), 1} }

// find gives a field that holds a message.
func find(message []byte, field int) ([]byte, error) {
	for len(message) > 0 {
		key, n := binary.Uvarint(message)
		size, m := binary.Uvarint(message[n:])
		if key&7 != 2 || uint64(len(message)) < uint64(n+m)+size {
			return nil, fmt.Errorf("an answer of another shape: %x", message)
		}
		value := message[n+m : uint64(n+m)+size]
		if key>>3 == uint64(field) {
			return value, nil
		}
		message = message[uint64(n+m)+size:]
	}
	return nil, errors.New("an answer without a result")
}

func call(client *http.Client, method string, message []byte) ([]byte, error) {
	frame := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
	request, err := http.NewRequest(http.MethodPost, service+method, bytes.NewReader(frame))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/grpc")
	request.Header.Set("TE", "trailers")
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if len(said) < 5 {
		return nil, fmt.Errorf("%s: %v %v", method, answer.Header, answer.Trailer)
	}
	return said[5:], nil
}

func run() error {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	dial := func(context.Context, string, string) (net.Conn, error) {
		return stdio{Reader: os.Stdin, Writer: os.Stdout}, nil
	}
	client := &http.Client{Transport: &http.Transport{Protocols: &protocols, DialContext: dial}}

	solve := append(text(frontend, "dockerfile.v0"), yes(allowResultReturn)...)
	solve = append(solve, yes(allowResultArrayRef)...)
	for _, variable := range os.Environ() {
		if name, given, _ := strings.Cut(variable, "="); strings.HasPrefix(name, option) {
			key, value, _ := strings.Cut(given, "=")
			entry := append(text(1, key), text(2, value)...)
			solve = append(solve, text(frontendOpt, string(entry))...)
		}
	}
	answer, err := call(client, "Solve", solve)
	if err != nil {
		return err
	}
	result, err := find(answer, solved)
	if err != nil {
		return err
	}
	_, err = call(client, "Return", text(returned, string(result)))
	return err
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
