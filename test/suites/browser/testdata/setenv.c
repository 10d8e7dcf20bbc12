// Loaded into a program, this reports its calls of setenv.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int setenv(const char *name, const char *value, int overwrite) {
	int (*next)(const char *, const char *, int) = dlsym(RTLD_NEXT, "setenv");
	fprintf(stderr, "setenv: %d %s %s\n", getpid(), getenv(name) ? "replaces" : "adds", name);
	return next(name, value, overwrite);
}
