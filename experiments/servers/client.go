package servers

import (
	"errors"
	"fmt"
	"os"
	"time"

	"parcon/experiments/echo"
	"parcon/experiments/server"
)

// A Client is one connection to a server, which asks and waits for the answer.
type Client struct {
	conn    *os.File
	http    bool
	answers echo.Decoder[echo.Answer]
	out     []byte
}

// Dial connects to a server.
func (s *Server) Dial() (*Client, error) {
	conn, err := dial(s.Port)
	if err != nil {
		return nil, fmt.Errorf("connecting to a server, model %s: %w", s.Model, err)
	}
	http := s.Model == server.NetHTTP
	return &Client{conn: conn, http: http, answers: echo.Decoder[echo.Answer]{HTTP: http}}, nil
}

// Send asks.
func (c *Client) Send(r echo.Request) error {
	if c.http {
		c.out = r.AppendHTTP(c.out[:0])
	} else {
		c.out = r.Append(c.out[:0])
	}
	_ = c.conn.SetWriteDeadline(time.Now().Add(patience))
	_, err := c.conn.Write(c.out)
	return err
}

// errWrong is an answer to something else.
var errWrong = errors.New("a server gave a wrong answer")

// Receive waits for the answer to a request, os.ErrDeadlineExceeded if there is none in
// time. Any other error says that the server sends no more.
func (c *Client) Receive(r echo.Request, limit time.Duration) error {
	_ = c.conn.SetReadDeadline(time.Now().Add(limit))
	for {
		answer, whole, err := c.answers.Next()
		switch {
		case err != nil:
			return err
		case whole && !answer.Right(r):
			return errWrong
		case whole:
			return nil
		}
		n, err := c.conn.Read(c.answers.Room())
		c.answers.Filled(n)
		if err != nil && n == 0 {
			return err
		}
	}
}

// Ask is both.
func (c *Client) Ask(r echo.Request) error {
	if err := c.Send(r); err != nil {
		return err
	}
	return c.Receive(r, patience)
}

// Close ends the connection.
func (c *Client) Close() { _ = c.conn.Close() }

// late says whether an error is that of an answer that did not come in time.
func late(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
