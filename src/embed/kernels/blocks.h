/* Numbers in bytes, block by block: what products are made of where the processor has no
 * instruction that adds products of bytes to 32 bits.
 *
 * AVX2's vpmaddubsw multiplies bytes that are not negative by bytes that may be, and adds pairs of
 * products in 16 bits, held to what those can say. Nothing may ever be lost there, so that
 * the figures are those of exact sums, whatever the texts. Two bounds on the weights see to that:
 *
 *	- sources are bytes from 0 to BLOCK_LEVELS, and the weights of one sign in a pair sum to
 *	  at most BLOCK_PAIR_MOST: no pair of products leaves 16 bits;
 *	- four pairs are added up in 16 bits before they are widened (a chain). Sums begin at what
 *	  the middle level, BLOCK_MIDDLE, comes to, so that each product is one of a distance of at
 *	  most BLOCK_MIDDLE; and the weights of a chain sum to at most BLOCK_CHAIN_MOST.
 *
 * Weights that would break a bound get a larger scale, and are as exact as ever for that: each block of
 * BLOCK weights of an output has a scale of its own, as has each block of a source row. */
#ifndef ROWMILL_EMBED_KERNELS_BLOCKS_H
#define ROWMILL_EMBED_KERNELS_BLOCKS_H

#include <stdint.h>

enum {
	BLOCK = 128,       /* numbers with one scale; as many as are rotated together */
	BLOCK_WIDTH = 8,   /* outputs side by side */
	BLOCK_CHAIN = 16,  /* source numbers in a chain, which has two sums for each output */
	BLOCK_CHAINS = BLOCK / BLOCK_CHAIN,
	BLOCK_STEPS = BLOCK_CHAIN / 4, /* of four source numbers: two pairs */
	BLOCK_MIDDLE = 90,
	BLOCK_LEVELS = 2 * BLOCK_MIDDLE,
	BLOCK_WEIGHT_MOST = 127,
	BLOCK_PAIR_MOST = INT16_MAX / BLOCK_LEVELS,  /* 182 */
	BLOCK_CHAIN_MOST = INT16_MAX / BLOCK_MIDDLE, /* 364 */
};

/* A block of a source row: x = scale * (byte - BLOCK_MIDDLE) + middle. */
struct block_level {
	float scale, middle;
};

/* A block of the weights of BLOCK_WIDTH outputs. Source number 4 s + i of chain c meets
 * chains[c].weights[s][4 j + i] for output j; sum 2 j + h of the chain is over i = 2 h and
 * 2 h + 1 of all steps. */
struct block_weights {
	float scales[BLOCK_WIDTH];
	float sums[BLOCK_WIDTH]; /* of the block's weights, times their scale */
	struct {
		int16_t start[2 * BLOCK_WIDTH]; /* -BLOCK_MIDDLE times the sum's weights */
		int8_t weights[BLOCK_STEPS][4 * BLOCK_WIDTH];
	} chains[BLOCK_CHAINS];
};

#endif
