/*
 * auth_chain: name and password of a request go down the chain of passdbs,
 * through workers where they must, to an answer.
 *
 * A passdb that does not answer is passed over, but then only one that has
 * compared the password itself can let the user in; otherwise a fallback
 * behind a database that is down would send everybody to the wrong host.
 */
#ifndef AUTH_AUTH_CHAIN_H
#define AUTH_AUTH_CHAIN_H

struct auth_request;
struct var_values;

/* The exchange has ended with credentials.  The request may be gone then. */
void	auth_chain_start(struct auth_request *);
/*
 * The user is unknown or the password wrong: alike in answer and time.  The
 * request may be gone then.
 */
void	auth_chain_refuse(struct auth_request *);
/* The client has proven that it knows the key it was asked for, or has not. */
void	auth_chain_proven(struct auth_request *);
void	auth_chain_disproven(struct auth_request *);
/* Values of the variables of this request; borrowed from it. */
void	auth_chain_values(const struct auth_request *, struct var_values *);

#endif
