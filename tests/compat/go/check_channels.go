package main

import (
	"bytes"

	"github.com/colonyos/colonies/pkg/core"
)

var channelChecks = []check{
	{"ChannelAppend",
		func() {
			by, process := newChat()
			payload := []byte{0, 1, 254, 255}
			done(server.ChannelAppend(process.ID, "chat", 1, 0, payload, by.key))
			entries := must(server.ChannelRead(process.ID, "chat", 0, 0, by.key))
			equal(len(entries), 1)
			holds(bytes.Equal(entries[0].Payload, payload), "bytes come back as they were sent")
			equal(entries[0].SenderID, by.id())
			equal(entries[0].Type, "data")
		},
		func() {
			by, process := newChat()
			denied(server.ChannelAppend(process.ID, "chat", 1, 0, []byte("hi"), stranger))
			refused(403, "Not authorized")(server.ChannelAppend(process.ID, "chat", 1, 0, []byte("hi"), newMember().key))
			refused(404, "Channel not found")(server.ChannelAppend(process.ID, "other", 1, 0, []byte("hi"), by.key))
			missing(server.ChannelAppend(unknownID, "chat", 1, 0, []byte("hi"), by.key))
			by.run()
			refused(404, "Channel not found")(server.ChannelAppend(process.ID, "chat", 1, 0, []byte("late"), by.key))
		}},
	{"ChannelAppendWithType",
		func() {
			by, process := newChat()
			done(server.ChannelAppendWithType(process.ID, "chat", 2, 1, nil, "end", by.key))
			entries := must(server.ChannelRead(process.ID, "chat", 0, 0, by.key))
			equal(entries[0].Type, "end")
			equal(entries[0].InReplyTo, 1)
			equal(entries[0].Sequence, 2)
		},
		func() {
			_, process := newChat()
			denied(server.ChannelAppendWithType(process.ID, "chat", 1, 0, nil, "end", stranger))
		}},
	{"ChannelRead",
		func() {
			by, process := newChat()
			for at, text := range []string{"one", "two", "three"} {
				done(server.ChannelAppend(process.ID, "chat", int64(at)+1, 0, []byte(text), by.key))
			}
			equal(len(must(server.ChannelRead(process.ID, "chat", 0, 0, by.key))), 3)
			rest := must(server.ChannelRead(process.ID, "chat", 1, 1, by.key))
			equal(len(rest), 1)
			equal(string(rest[0].Payload), "two")
			equal(len(must(server.ChannelRead(process.ID, "chat", 3, 0, by.key))), 0)
		},
		func() {
			by, process := newChat()
			denied(server.ChannelRead(process.ID, "chat", 0, 0, stranger))
			refused(403, "Not authorized")(server.ChannelRead(process.ID, "chat", 0, 0, newMember().key))
			refused(404, "Channel not found")(server.ChannelRead(process.ID, "other", 0, 0, by.key))
		}},
}

// newChat is a waiting process with a channel.
func newChat() (member, *core.Process) {
	by := newMember()
	spec := by.spec("echo")
	spec.Channels = []string{"chat"}
	return by, must(server.Submit(spec, by.key))
}
