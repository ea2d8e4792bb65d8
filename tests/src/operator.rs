//! An operator. No request makes one: the role is written to the table, as the operator's command line
//! does it.

use shared::{
    aws::Aws,
    config::Env,
    domain::{Role, UserId},
    store::Store,
};

use crate::{
    Parley, User,
    rehearsal::{
        self,
        aws::{REGION, ROOT},
    },
};

/// What `local` prints before the address of its DynamoDB.
const DYNAMODB: &str = "DynamoDB   embedded, at ";

impl Parley {
    /// Somebody whose token has the role.
    pub async fn operator(&self) -> User {
        let user = self.user().await;
        self.set_role(&user, Some(Role::Operator)).await;
        let refreshed = self.refresh(&user.refresh_token).await;
        refreshed.signed_in(self, &user.mobile_number)
    }

    /// Takes the role away; the tokens that are out don't know.
    pub async fn dismiss(&self, operator: &User) {
        self.set_role(operator, None).await;
    }

    async fn set_role(&self, user: &User, role: Option<Role>) {
        let id = user.get("/user/me").await.expect(200).string("id");
        let id: UserId = id.parse().unwrap();
        assert!(self.store().set_role(id, role).await.unwrap(), "{id} can have no role");
    }

    fn store(&self) -> Store {
        let env = if rehearsal::is_on() {
            let stack = self.stack();
            Env::default()
                .with("AWS_ENDPOINT_URL", stack.aws.endpoint())
                .with("AWS_REGION", REGION)
                .with("AWS_ACCESS_KEY_ID", ROOT)
                .with("AWS_SECRET_ACCESS_KEY", ROOT)
                .with("USERS_TABLE", stack.id("UsersTable"))
        } else {
            let logs = self.logs();
            // A process that was started again has another address.
            let (_, rest) = logs.rsplit_once(DYNAMODB).expect("`local` says where its DynamoDB is");
            Env::default()
                .with("AWS_ENDPOINT_URL_DYNAMODB", rest.lines().next().unwrap())
                .with("AWS_REGION", "us-east-1")
                .with("AWS_ACCESS_KEY_ID", "local")
                .with("AWS_SECRET_ACCESS_KEY", "local")
                .with("USERS_TABLE", "users")
        };
        Store::from_env(&env, &Aws::from_env(&env).unwrap()).unwrap()
    }
}
