/* siphash: the reference's values, and the same for each way of adding. */
#include "unit.h"

#include "lib/siphash.h"

static const uint8_t key[SIPHASH_KEY_BYTES] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
	10, 11, 12, 13, 14, 15 };

/* Of the bytes 0, 1, 2, ...: with the key above, as openssl-mac(1) says. */
static const struct {
	size_t		 len;
	const char	*hex;
} rows[] = {
	{ 0, "A3817F04BA25A8E66DF67214C7550293" },
	{ 1, "DA87C1D86B99AF44347659119B22FC45" },
	{ 7, "A1F1EBBED8DBC153C0B84AA61FF08239" },
	{ 8, "3B62A9BA6258F5610F83E264F31497B4" },
	{ 15, "5493E99933B0A8117E08EC0F97CFC3D9" },
	{ 16, "6EE2A4CA67B054BBFD3315BF85230577" },
	{ 63, "5150D1772F50834A503E069A973FBD7C" },
};

static void
hash(const uint8_t *data, size_t cut, size_t len, uint8_t *dst)
{
	struct siphash s;

	siphash_init(&s, key);
	siphash_add(&s, data, cut);
	siphash_add(&s, data + cut, len - cut);
	siphash_end(&s, dst);
}

static void
test_reference(void **state)
{
	uint8_t data[64], sum[SIPHASH_BYTES];
	char hex[2 * SIPHASH_BYTES + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++)
		for (size_t cut = 0; cut <= rows[i].len; cut++) {
			hash(data, cut, rows[i].len, sum);
			for (size_t k = 0; k < sizeof(sum); k++)
				(void)snprintf(hex + 2 * k, 3, "%02X", sum[k]);
			assert_string_equal(hex, rows[i].hex);
		}
}

/* Two texts in a row are not those that were cut elsewhere. */
static void
test_texts(void **state)
{
	uint8_t one[SIPHASH_BYTES], other[SIPHASH_BYTES];
	struct siphash s;

	(void)state;
	siphash_init(&s, key);
	siphash_add_text(&s, "ab");
	siphash_add_text(&s, "c");
	siphash_end(&s, one);
	siphash_init(&s, key);
	siphash_add_text(&s, "a");
	siphash_add_text(&s, "bc");
	siphash_end(&s, other);
	assert_memory_not_equal(one, other, sizeof(one));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reference),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
