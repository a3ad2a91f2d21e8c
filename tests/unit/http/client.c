#include "client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>

enum { WAIT_MS = 10000 };

void client_open(struct client *client, uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	client->closed = client->cut_off = false;
	strbuf_init(&client->in, 64 << 20);
	if (client->fd < 0 || connect(client->fd, (struct sockaddr *)&address, sizeof address) != 0)
		fail_msg("connecting failed: %s", strerror(errno));
}

void client_close(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	strbuf_release(&client->in);
}

void client_send(struct client *client, struct slice bytes)
{
	while (bytes.size > 0) {
		ssize_t sent = send(client->fd, bytes.data, bytes.size, MSG_NOSIGNAL);
		if (sent <= 0) {
			client->cut_off = true; /* what the server said is still to be read */
			return;
		}
		bytes = slice_of(bytes.data + sent, bytes.size - (size_t)sent);
	}
}

void client_send_text(struct client *client, const char *text)
{
	client_send(client, slice_of_string(text));
}

void client_finish(struct client *client)
{
	shutdown(client->fd, SHUT_WR);
}

/* false: nothing came within the time. */
static bool receive(struct client *client, int wait_ms)
{
	struct pollfd polled = {.fd = client->fd, .events = POLLIN};

	if (client->closed)
		return false;
	if (poll(&polled, 1, wait_ms) <= 0)
		return false;
	char *room = strbuf_reserve(&client->in, 65536);
	assert_non_null(room);
	ssize_t got = recv(client->fd, room, 65536, 0);
	if (got <= 0)
		client->closed = true;
	else
		client->in.size += (size_t)got;
	client->in.data[client->in.size] = '\0';
	return true;
}

static struct slice header_of(struct slice head, const char *name)
{
	size_t name_size = strlen(name);

	for (size_t at = 0; at < head.size;) {
		size_t end = slice_find(head, '\n', at);
		struct slice line = slice_of(head.data + at, end - at);
		if (line.size > name_size && line.data[name_size] == ':' && strncasecmp(line.data, name, name_size) == 0)
			return slice_trim(slice_of(line.data + name_size + 1, line.size - name_size - 1));
		at = end + 1;
	}
	return slice_of(NULL, 0);
}

static struct answer read_answer(struct client *client, bool with_body)
{
	struct answer answer = {0};
	const char *end;

	while (!(end = client->in.size ? strstr(client->in.data, "\r\n\r\n") : NULL))
		if (!receive(client, WAIT_MS) || client->closed)
			fail_msg("no response came; got \"%s\"", client->in.data);
	size_t head_size = (size_t)(end - client->in.data) + 4, body_size = 0;
	struct slice length = header_of(slice_of(client->in.data, head_size), "Content-Length");
	int64_t value = 0;
	if (with_body && length.data && slice_parse_int64(length, &value))
		body_size = (size_t)value;
	while (client->in.size < head_size + body_size)
		if (!receive(client, WAIT_MS) || client->closed)
			fail_msg("the response's body ended early");
	answer.bytes = malloc(head_size + body_size + 1);
	assert_non_null(answer.bytes);
	memcpy(answer.bytes, client->in.data, head_size + body_size);
	answer.bytes[head_size + body_size] = '\0';
	answer.head = slice_of(answer.bytes, head_size);
	answer.body = slice_of(answer.bytes + head_size, body_size);
	answer.status = (unsigned)strtoul(answer.bytes + 9, NULL, 10);
	client->in.size -= head_size + body_size;
	memmove(client->in.data, client->in.data + head_size + body_size, client->in.size + 1);
	return answer;
}

struct answer client_read(struct client *client)
{
	return read_answer(client, true);
}

struct answer client_read_head(struct client *client)
{
	return read_answer(client, false);
}

void answer_free(struct answer *answer)
{
	free(answer->bytes);
	*answer = (struct answer){0};
}

struct slice client_read_all(struct client *client)
{
	while (!client->closed)
		if (!receive(client, WAIT_MS))
			fail_msg("the server did not close; got \"%s\"", client->in.data);
	return strbuf_slice(&client->in);
}

void client_expect_close(struct client *client)
{
	assert_slice(client_read_all(client), "");
}

void client_expect_silence(struct client *client, int wait_ms)
{
	if (client->in.size > 0 || receive(client, wait_ms))
		fail_msg("something came: \"%s\"", client->in.data);
}

struct slice answer_header(const struct answer *answer, const char *name)
{
	return header_of(answer->head, name);
}
