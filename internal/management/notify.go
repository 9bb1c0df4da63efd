// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"database/sql"
	"net/http"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/monitor"
	"dukou.dev/dukou/internal/notify"
)

// QueueNews hands the monitor's news to who tells people.
func QueueNews(n *notify.Notifier) func(context.Context, *sql.Tx, monitor.News) error {
	return func(ctx context.Context, tx *sql.Tx, news monitor.News) error {
		a, words := &news.Alert, news.Sentence()
		m := notify.Message{
			Alert: a.ID, Rule: a.Rule, Level: int(a.Level), State: notify.Firing, Component: a.Component, Flow: a.Flow, At: a.First, Count: a.Count,
			Sentences: map[string]string{"en": words.English, "zh": words.Chinese},
		}
		if a.State == monitor.Resolved {
			m.State, m.At = notify.Resolved, a.Resolved
		}
		return n.Enqueue(ctx, tx, m)
	}
}

// ChannelFailing raises an alert for a channel that takes nothing, so that the others
// tell of it.
func ChannelFailing(m *monitor.Monitor) func(channel, why string) {
	return func(channel, why string) {
		if why == "" {
			m.Clear(monitor.RuleNotTold, channel)
			return
		}
		m.Raise(monitor.RuleNotTold, channel, why)
	}
}

// channelRoutes are about how people are told.
func (s *Server) channelRoutes() []Route {
	const group = "notification"
	may := only(account.System)
	return []Route{
		route(Route{ID: "list-channels", Method: http.MethodGet, Path: "/channels", Verb: "channel list", Group: group, May: everyDuty(),
			Summary: "List the channels by which people are told, and how they do"}, s.listChannels),
		route(Route{ID: "show-channel", Method: http.MethodGet, Path: "/channels/{id}", Verb: "channel show", Group: group, May: everyDuty(),
			Summary: "Show a channel", Help: "Of its secrets it shows which are set."}, s.showChannel),
		route(Route{ID: "create-channel", Method: http.MethodPost, Path: "/channels", Verb: "channel create", Group: group, May: may,
			Summary: "Have people told by mail, a robot, a webhook or syslog"}, s.createChannel),
		route(Route{ID: "set-channel", Method: http.MethodPut, Path: "/channels/{id}", Verb: "channel set", Group: group, May: may,
			Summary: "Change a channel", Help: "Secrets that are left out stay as they are."}, s.setChannel),
		route(Route{ID: "test-channel", Method: http.MethodPost, Path: "/channels/{id}/test", Verb: "channel test", Group: group, May: may,
			Summary: "Send a test message, and show what was sent and answered"}, s.testChannel),
		route(Route{ID: "delete-channel", Method: http.MethodDelete, Path: "/channels/{id}", Verb: "channel delete", Group: group, May: may,
			Summary: "Delete a channel", Help: "What waits for it is told to nobody."}, s.deleteChannel),
	}
}

// channelBody is a channel and how it does.
type channelBody struct {
	notify.Channel
	Standing notify.Standing `json:"standing"`
}

type channelPage struct {
	Items []channelBody `json:"items"`
}

type channelOut struct {
	ETag string `header:"ETag"`
	Body channelBody
}

// ChannelID is the part of a path that names a channel.
type ChannelID struct {
	ID string `path:"id" minLength:"32" maxLength:"32" pattern:"^[0-9a-f]{32}$" doc:"of the channel"`
}

func (s *Server) listChannels(ctx context.Context, _ *struct{}) (*answer[channelPage], error) {
	list, err := s.Notifier.List(ctx)
	if err != nil {
		return nil, err
	}
	standings, err := s.Notifier.Standings(ctx)
	if err != nil {
		return nil, err
	}
	items := make([]channelBody, len(list))
	for i, c := range list {
		items[i] = channelBody{c, standings[c.ID]}
	}
	return &answer[channelPage]{channelPage{items}}, nil
}

func (s *Server) channelOf(ctx context.Context, c notify.Channel, err error) (*channelOut, error) {
	if err != nil {
		return nil, err
	}
	standings, err := s.Notifier.Standings(ctx)
	if err != nil {
		return nil, err
	}
	return &channelOut{ETag: etag(c.Revision), Body: channelBody{c, standings[c.ID]}}, nil
}

func (s *Server) showChannel(ctx context.Context, in *ChannelID) (*channelOut, error) {
	c, err := s.Notifier.Get(ctx, in.ID)
	return s.channelOf(ctx, c, err)
}

// channelWanted is a channel as it is to be.
type channelWanted struct {
	notify.Channel
	notify.Secrets
}

type createChannelIn struct{ Body channelWanted }

func (s *Server) createChannel(ctx context.Context, in *createChannelIn) (*channelOut, error) {
	remark(ctx, string(in.Body.Kind)+" channel "+in.Body.Name)
	c, err := s.Notifier.Create(ctx, in.Body.Channel, in.Body.Secrets)
	return s.channelOf(ctx, c, err)
}

type setChannelIn struct {
	ChannelID
	IfMatch string `header:"If-Match" doc:"the ETag of the channel as you have read it"`
	Body    channelWanted
}

func (s *Server) setChannel(ctx context.Context, in *setChannelIn) (*channelOut, error) {
	revision, err := ifMatch(in.IfMatch)
	if err != nil {
		return nil, err
	}
	before, err := s.Notifier.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	c, err := s.Notifier.Replace(ctx, in.ID, revision, in.Body.Channel, in.Body.Secrets)
	if err == nil {
		remark(ctx, notify.Difference(before, c, in.Body.Secrets))
	}
	return s.channelOf(ctx, c, err)
}

func (s *Server) testChannel(ctx context.Context, in *ChannelID) (*answer[notify.Trace], error) {
	t, err := s.Notifier.Test(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &answer[notify.Trace]{t}, nil
}

func (s *Server) deleteChannel(ctx context.Context, in *ChannelID) (*struct{}, error) {
	c, err := s.Notifier.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	remark(ctx, string(c.Kind)+" channel "+c.Name)
	return nil, s.Notifier.Delete(ctx, in.ID)
}
