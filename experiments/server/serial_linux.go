package server

// serial has one thread: who comes second waits until the first has gone.
var serial = Model{Serial, func(int) int { return 1 }, func(c Config) (Server, error) {
	fd, s, err := listen(c)
	if err != nil {
		return nil, err
	}
	go accept(fd, func(client socket) { s.Serve(client) })
	return s, nil
}}
