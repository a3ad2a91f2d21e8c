#include "app/lock.h"

#include "base/json_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/banned.h"

/* The holder has written where it listens, or is just starting. */
static enum status refuse(int fd, struct error *err)
{
	char text[512];
	ssize_t size = pread(fd, text, sizeof text, 0);
	json_t *holder = size > 0 ? json_loadb(text, (size_t)size, 0, NULL) : NULL;
	const char *url = json_string_value(json_object_get(holder, "url"));

	error_set(err, STATUS_BUSY, "database-in-use",
		  "another Rowmill server uses this database%s%s; use that one, stop it, or name another "
		  "database with --db",
		  url ? ", at " : "", url ? url : "");
	json_decref(holder);
	return STATUS_BUSY;
}

int lock_take(const char *path, struct error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0) {
		error_set(err, STATUS_IO, "folder-not-writable",
			  "the database's folder is not there or cannot be written to (%s); name a file in "
			  "another folder with --db",
			  strerror(errno));
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	if (errno == EWOULDBLOCK)
		refuse(fd, err);
	else
		error_from_errno(err, errno, "the database cannot be locked");
	close(fd);
	return -1;
}

enum status lock_publish(int fd, const char *url, struct error *err)
{
	struct strbuf text;
	struct json_writer json;
	enum status status = STATUS_OK;

	strbuf_init(&text, 1024);
	json_writer_init(&json, &text);
	json_begin_object(&json);
	json_put_int_member(&json, "pid", getpid());
	json_put_text_member(&json, "url", url);
	json_end_object(&json);
	if (ftruncate(fd, 0) != 0 || pwrite(fd, text.data, text.size, 0) != (ssize_t)text.size)
		status = error_from_errno(err, errno, "the lock file cannot be written");
	strbuf_release(&text);
	return status;
}

void lock_release(int fd)
{
	if (fd < 0)
		return;
	/* The file stays: removing it would let two servers hold locks on two files of one name. */
	if (ftruncate(fd, 0) != 0)
		(void)0; /* stale text is harmless: nobody holds the lock */
	close(fd);
}
