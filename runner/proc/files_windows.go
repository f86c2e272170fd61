package proc

func files(int) error { return nil }
