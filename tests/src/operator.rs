//! An operator. No request makes one: the role is written to the table, as the operator's command line
//! does it. And that command line itself, `parley`, as somebody would type it.

use std::{process::Stdio, time::Duration};

use serde_json::Value;
use tokio::{process::Command, time::timeout};

use shared::{
    aws::Aws,
    config::Env,
    domain::{Role, UserId},
    store::Store,
};

use crate::{
    Parley, User,
    process::beside_this_program,
    rehearsal::{
        self,
        aws::{REGION, ROOT},
    },
};

/// What `local` prints before the address of its DynamoDB.
const DYNAMODB: &str = "DynamoDB   embedded, at ";

/// The longest command is a sweep, which stops by itself after 45 s.
const LONGEST: Duration = Duration::from_secs(90);

/// What a run of `parley` came to.
pub struct Ran {
    /// What it ended with.
    pub code: i32,
    /// What it printed to standard output.
    pub out: String,
    /// The same to standard error.
    pub err: String,
}

impl Ran {
    /// The same, if it ended with `code`.
    #[track_caller]
    #[must_use]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }

    /// The document that `--json` prints.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

impl Parley {
    /// Runs `parley` on this deployment, which has to be one of the test's own.
    pub async fn operate(&self, arguments: &[&str]) -> Ran {
        let program = beside_this_program("parley");
        assert!(program.is_file(), "{} is missing: cargo build -p local --bins", program.display());
        let mut command = Command::new(program);
        command.args(arguments).env_clear().stdin(Stdio::null()).kill_on_drop(true);
        if let Some(data) = self.data() {
            command.env("PARLEY_DATA", data);
        } else {
            let stack = self.stack();
            command.args(["--stack", &stack.name]).envs([
                ("AWS_ENDPOINT_URL", stack.aws.endpoint()),
                ("AWS_REGION", REGION),
                ("AWS_ACCESS_KEY_ID", ROOT),
                ("AWS_SECRET_ACCESS_KEY", ROOT),
            ]);
        }
        let output = timeout(LONGEST, command.output()).await.expect("parley ends").unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code().expect("parley was killed");
        Ran { code, out: text(output.stdout), err: text(output.stderr) }
    }

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
