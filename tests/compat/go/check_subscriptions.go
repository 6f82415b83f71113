package main

import (
	"time"

	"github.com/colonyos/colonies/pkg/client"
	"github.com/colonyos/colonies/pkg/core"
)

var subscriptionChecks = []check{
	{"SubscribeProcess",
		func() {
			by := newMember()
			process := by.submit()
			subscription := must(server.SubscribeProcess(ours.name, process.ID, by.name, core.SUCCESS, 20, by.key))
			defer subscription.Close()
			by.run("out")
			told := next(subscription)
			equal(told.ID, process.ID)
			equal(told.State, core.SUCCESS)
			equal(told.Output[0].(string), "out")
		},
		func() {
			by := newMember()
			holdsError(server.SubscribeProcess(ours.name, by.submit().ID, by.name, core.SUCCESS, 20, stranger))
			holdsError(server.SubscribeProcess(ours.name, unknownID, by.name, core.SUCCESS, 20, by.key))
		}},
	{"SubscribeProcesses",
		func() {
			by := newMember()
			subscription := must(server.SubscribeProcesses(ours.name, by.name, core.WAITING, 20, by.key))
			defer subscription.Close()
			// The client does not wait until the server has heard of the subscription.
			var told *core.Process
			eventually("the subscriber is told of processes", func() bool {
				by.submit()
				told = soon(subscription)
				return told != nil
			})
			equal(told.FunctionSpec.Conditions.ExecutorType, by.name)
		},
		func() {
			by := newMember()
			holdsError(server.SubscribeProcesses(ours.name, by.name, core.WAITING, 20, stranger))
		}},
	{"ProcessSubscription.Close",
		func() {
			by := newMember()
			subscription := must(server.SubscribeProcess(ours.name, by.submit().ID, by.name, core.SUCCESS, 20, by.key))
			done(subscription.Close())
		},
		neverRefused},
}

// next waits for what a subscriber is told.
func next(subscription *client.ProcessSubscription) *core.Process {
	select {
	case process := <-subscription.ProcessChan:
		return process
	case err := <-subscription.ErrChan:
		panic(err)
	case <-time.After(20 * time.Second):
		panic("the subscriber is told nothing")
	}
}

// soon gives what a subscriber is told within a short time; nil when that is nothing.
func soon(subscription *client.ProcessSubscription) *core.Process {
	select {
	case process := <-subscription.ProcessChan:
		return process
	case err := <-subscription.ErrChan:
		panic(err)
	case <-time.After(500 * time.Millisecond):
		return nil
	}
}

// holdsError expects that the server refuses a subscription; the client tells so later, in a channel.
func holdsError(subscription *client.ProcessSubscription, err error) {
	done(err)
	defer subscription.Close()
	select {
	case process := <-subscription.ProcessChan:
		panic(process.ID + " was told to somebody without rights")
	case err := <-subscription.ErrChan:
		holds(err != nil, "the refusal says why")
	case <-time.After(20 * time.Second):
		panic("the subscription is not refused")
	}
}
