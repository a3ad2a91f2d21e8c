/* Signatures, against the example of the Standard Webhooks libraries. */
#include "support.h"

#include "webhook/signature.h"

#include <stdio.h>

static const char secret[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
static const char other[] = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

static void a_signature_is_that_of_the_standard(void **state)
{
	struct webhook_secrets secrets;
	struct strbuf out;
	struct error err;

	(void)state;
	assert_ok(webhook_secrets_parse(secret, &secrets, &err), &err);
	strbuf_init(&out, 1024);
	webhook_sign(&secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
		     SLICE("{\"test\": 2432232314}"), &out);
	assert_string_equal(out.data, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
	strbuf_release(&out);
}

static void each_secret_signs(void **state)
{
	struct webhook_secrets secrets;
	char both[200];
	struct strbuf out;
	struct error err;

	(void)state;
	snprintf(both, sizeof both, "%s  %s ", secret, other);
	assert_ok(webhook_secrets_parse(both, &secrets, &err), &err);
	assert_int_equal(secrets.count, 2);
	assert_int_equal(secrets.sizes[1], 32);
	strbuf_init(&out, 1024);
	webhook_sign(&secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
		     SLICE("{\"test\": 2432232314}"), &out);
	assert_true(slice_starts_with(strbuf_slice(&out),
				      SLICE("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,")));
	strbuf_release(&out);
}

static void what_is_no_secret_is_refused_and_not_repeated(void **state)
{
	static const char *const wrong[] = {
		"",
		" ",
		"whsec_",
		"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",  /* not whole */
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa==", /* 22 bytes */
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa_-",
		"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BB",
	};
	struct webhook_secrets secrets;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		if (webhook_secrets_parse(wrong[i], &secrets, &err) != STATUS_INVALID)
			fail_msg("%s was taken", wrong[i]);
		assert_null(strstr(err.detail, "MfKQ"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signature_is_that_of_the_standard),
		cmocka_unit_test(each_secret_signs),
		cmocka_unit_test(what_is_no_secret_is_refused_and_not_repeated),
	};
	return cmocka_run_group_tests_name("webhook signatures", tests, NULL, NULL);
}
