package servers

import (
	"parcon/experiments/echo"
	"parcon/experiments/openloop"
	"parcon/experiments/server"
)

// spoken is the protocol of a model's servers, as the generator of load has it: requests
// without work.
type spoken struct{ http bool }

func speaking(model string) spoken { return spoken{model == server.NetHTTP} }

// payload is what a request brings along.
var payload = make([]byte, 64)

func asked(number uint64) echo.Request { return echo.Request{Number: number, Payload: payload} }

// Append appends a request.
func (p spoken) Append(b []byte, number uint64) []byte {
	if p.http {
		return asked(number).AppendHTTP(b)
	}
	return asked(number).Append(b)
}

// Answers decodes answers.
func (p spoken) Answers() openloop.Answers {
	return &answers{echo.Decoder[echo.Answer]{HTTP: p.http}}
}

type answers struct{ echo.Decoder[echo.Answer] }

// Next checks an answer by the request whose number it has.
func (a *answers) Next() (openloop.Answer, bool, error) {
	got, whole, err := a.Decoder.Next()
	return openloop.Answer{Number: got.Number, Right: whole && got.Right(asked(got.Number))}, whole, err
}
