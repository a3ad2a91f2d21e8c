#include "support.h"

#include "record/field_name.h"

#include "base/banned.h"

static void case_and_separators_do_not_matter(void **state)
{
	(void)state;
	assert_true(field_name_equal(SLICE("E-Mail"), SLICE("email")));
	assert_true(field_name_equal(SLICE("e_mail"), SLICE("E MAIL")));
	assert_true(field_name_equal(SLICE("  email--"), SLICE("_e_m_a_i_l")));
	assert_true(field_name_equal(SLICE("First Name"), SLICE("firstname")));
	assert_true(field_name_equal(SLICE("-"), SLICE("")));
	assert_true(field_name_equal(slice_of(NULL, 0), SLICE("")));
}

static void everything_else_does(void **state)
{
	(void)state;
	assert_false(field_name_equal(SLICE("email"), SLICE("emails")));
	assert_false(field_name_equal(SLICE("emails"), SLICE("email")));
	assert_false(field_name_equal(SLICE("e.mail"), SLICE("email")));
	assert_false(field_name_equal(SLICE("e\tmail"), SLICE("email")));
	assert_false(field_name_equal(SLICE("email\0"), SLICE("email")));
	assert_false(field_name_equal(SLICE("a"), SLICE("")));
	/* Ä and ä in UTF-8; '@' and '`' */
	assert_false(field_name_equal(SLICE("\xC3\x84"), SLICE("\xC3\xA4")));
	assert_false(field_name_equal(SLICE("@"), SLICE("`")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(case_and_separators_do_not_matter),
		cmocka_unit_test(everything_else_does),
	};

	return cmocka_run_group_tests_name("field_name", tests, NULL, NULL);
}
