package main

import (
	"context"
	"errors"
	"os"

	"github.com/colonyos/colonies/pkg/client"
	"github.com/colonyos/colonies/pkg/client/backends"
	"github.com/colonyos/colonies/pkg/rpc"
)

var clientChecks = []check{
	{"CreateColoniesClient",
		func() { done(client.CreateColoniesClient(host(), port(), true, false).CheckHealth()) },
		func() {
			tls := client.CreateColoniesClient(host(), port(), false, true)
			holds(tls.CheckHealth() != nil, "a server without TLS is not reached with it")
		}},
	{"CreateColoniesClientWithConfig",
		func() {
			config := backends.CreateDefaultClientConfig(host(), port(), true, false)
			must(client.CreateColoniesClientWithConfig(config).GetColonies(serverKey))
		},
		func() {
			panics("not registered", func() {
				client.CreateColoniesClientWithConfig(&backends.ClientConfig{BackendType: "pigeon"})
			})
		}},
	{"CreateColoniesClientWithMultipleBackends",
		func() {
			gone := backends.CreateDefaultClientConfig("127.0.0.1", 1, true, false)
			here := backends.CreateDefaultClientConfig(host(), port(), true, false)
			several := client.CreateColoniesClientWithMultipleBackends([]*backends.ClientConfig{gone, here})
			must(several.GetColonies(serverKey))
		},
		func() {
			panics("At least one", func() { client.CreateColoniesClientWithMultipleBackends(nil) })
		}},
	{"RegisterBackendFactory",
		func() {
			client.RegisterBackendFactory(stubFactory{})
			config := &backends.ClientConfig{BackendType: stubFactory{}.GetBackendType()}
			equal(must(client.CreateColoniesClientWithConfig(config).SendRawMessage("{}", true)), "from the stub")
		}, neverRefused},
	{"ExampleBackendUsage",
		func() {
			stdout := os.Stdout
			os.Stdout = must(os.Open(os.DevNull)) // it prints what it does
			defer func() { os.Stdout = stdout }()
			client.ExampleBackendUsage()
		}, neverRefused},
	{"GetConfig", func() { equal(server.GetConfig().Port, port()) }, neverRefused},
	{"CloseClient", func() { done(client.CreateColoniesClient(host(), port(), true, false).CloseClient()) }, neverRefused},
	{"SendRawMessage",
		func() {
			by := newMember()
			payload := must(rpc.CreateGetColonyMsg(ours.name).ToJSON())
			message := must(rpc.CreateRPCMsg(rpc.GetColonyPayloadType, payload, by.key))
			reply := must(server.SendRawMessage(must(message.ToJSON()), false))
			equal(must(rpc.CreateRPCReplyMsgFromJSON(reply)).Error, false)
		},
		func() {
			reply := must(server.SendRawMessage(`{"payloadtype":"getcoloniesmsg","payload":"e30=","signature":""}`, false))
			equal(must(rpc.CreateRPCReplyMsgFromJSON(reply)).Error, true)
		}},
}

// stubFactory makes clients that reach no server.
type stubFactory struct{}

func (stubFactory) GetBackendType() backends.ClientBackendType { return "stub" }

func (stubFactory) CreateBackend(*backends.ClientConfig) (backends.ClientBackend, error) {
	return stubBackend{}, nil
}

type stubBackend struct{}

func (stubBackend) SendRawMessage(string, bool) (string, error) { return "from the stub", nil }

func (stubBackend) SendMessage(string, string, string, bool, context.Context) (string, error) {
	return "", errors.New("the stub reaches no server")
}

func (stubBackend) CheckHealth() error { return nil }

func (stubBackend) Close() error { return nil }
