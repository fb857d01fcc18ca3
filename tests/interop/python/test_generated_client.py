"""A client that openapi-python-client generated from the document, against the real server.

The folder that holds the package `webhook_agent_client` must be on the path; `cargo xtask test`
generates it.
"""

import importlib
import pkgutil
import unittest

import webhook_agent_client
from agent import ADMINISTRATOR, running_agent
from webhook_agent_client import AuthenticatedClient, Client
from webhook_agent_client.api.description import get_version
from webhook_agent_client.api.webhook import (
    webhook_create,
    webhook_delete,
    webhook_get,
    webhook_list,
    webhook_patch,
    webhook_update,
)
from webhook_agent_client.api.webhook_agent import (
    create_default_webhook,
    delete_webhook,
    get_all_webhooks,
    get_webhook,
    save_webhook,
)
from webhook_agent_client.models import (
    Error,
    GetAllWebhooksRequest,
    PatchOp,
    PatchOperation,
    WebhookInput,
    WebhookInputHeadersType0,
    WebhookInputPropertiesType0,
    WebhookInputStateType0,
    WebhookState,
)

# In seconds: an answer that never comes fails the test.
TIMEOUT = 30


def full_webhook(name):
    """A webhook with every kind of member that a client may decide on."""
    return WebhookInput(
        name=name,
        events=["contact.created", "sale.changed"],
        target_url="https://hooks.warehouse.example/so/orders",
        secret="Gr33n-Harb0ur-77",
        state=WebhookInputStateType0.STOPPED,
        type_="webhook",
        headers=WebhookInputHeadersType0.from_dict({"X-Api-Key": "wh-5521"}),
        properties=WebhookInputPropertiesType0.from_dict({"priority": 3, "routing": {"dlq": False}}),
        error_emails=["ops@warehouse.example"],
        description="Pushes sales to the warehouse",
        notify_via="Email, InApp",
        notify_when="Disabling",
    )


class GeneratedClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        agent = cls.enterClassContext(running_agent())
        cls.url = agent.url
        cls.client = cls.enterClassContext(
            AuthenticatedClient(
                base_url=agent.url,
                token=agent.token(),
                timeout=TIMEOUT,
                raise_on_unexpected_status=True,
            )
        )

    def test_every_module_of_the_client_can_be_imported(self):
        packages = pkgutil.walk_packages(webhook_agent_client.__path__, "webhook_agent_client.")
        modules = [importlib.import_module(package.name) for package in packages]
        self.assertGreater(len(modules), 30)

    def test_a_webhook_is_saved_read_changed_and_deleted_by_the_agent(self):
        saved = save_webhook.sync(client=self.client, body=full_webhook("By the agent"))
        self.assertGreater(saved.webhook_id, 0)
        self.assertEqual(saved.events, ["contact.created", "sale.changed"])
        self.assertEqual(saved.state, WebhookState.STOPPED)
        self.assertEqual(saved.headers.to_dict(), {"X-Api-Key": "wh-5521"})
        self.assertEqual(saved.properties.to_dict(), {"priority": 3, "routing": {"dlq": False}})
        self.assertEqual(saved.notify_via, "Email, InApp")
        self.assertEqual(saved.updated, "0001-01-01T00:00:00")

        read = get_webhook.sync(client=self.client, webhook_id=saved.webhook_id)
        self.assertEqual(read, saved)

        change = WebhookInput(webhook_id=saved.webhook_id, description=None)
        changed = save_webhook.sync(client=self.client, body=change)
        self.assertEqual(changed.name, "By the agent")
        self.assertFalse(changed.description)
        self.assertEqual(changed.updated_associate.name, ADMINISTRATOR[0])

        wanted = GetAllWebhooksRequest(name_filter="By the agent")
        listed = get_all_webhooks.sync(client=self.client, body=wanted)
        self.assertEqual([webhook.webhook_id for webhook in listed], [saved.webhook_id])

        answer = delete_webhook.sync_detailed(client=self.client, webhook_id=saved.webhook_id)
        self.assertEqual(answer.status_code, 204)
        self.assertIsNone(get_webhook.sync(client=self.client, webhook_id=saved.webhook_id))

    def test_a_webhook_is_created_patched_put_and_deleted_as_a_resource(self):
        created = webhook_create.sync(client=self.client, body=full_webhook("A resource"))
        webhook_id = created.webhook_id
        self.assertTrue(created.field_links.self_.endswith(f"/api/v1/Webhook/{webhook_id}"))
        operations = [
            PatchOperation(op=PatchOp.ADD, path="/Events/-", value="sale.sold"),
            PatchOperation(op=PatchOp.REPLACE, path="/Name", value="Patched"),
        ]
        patched = webhook_patch.sync(webhook_id, client=self.client, body=operations)
        self.assertEqual(patched.name, "Patched")
        self.assertEqual(patched.events, ["contact.created", "sale.changed", "sale.sold"])
        merged = webhook_patch.sync(
            webhook_id, client=self.client, body=WebhookInput(name="Merged")
        )
        self.assertEqual(merged.name, "Merged")
        put = webhook_update.sync(webhook_id, client=self.client, body=WebhookInput(name="Put"))
        self.assertEqual(put.name, "Put")

        read = webhook_get.sync(webhook_id, client=self.client)
        self.assertEqual(read.name, "Put")
        listed = webhook_list.sync(client=self.client, name_filter="Put")
        self.assertEqual([webhook.webhook_id for webhook in listed], [webhook_id])
        answer = webhook_delete.sync_detailed(webhook_id, client=self.client)
        self.assertEqual(answer.status_code, 204)
        gone = webhook_get.sync(webhook_id, client=self.client)
        self.assertEqual(gone.error_type, "SoNotFoundException")

    def test_a_default_webhook_is_read_although_most_of_it_is_null(self):
        webhook = create_default_webhook.sync(client=self.client)
        self.assertEqual(webhook.webhook_id, 0)
        self.assertIsNone(webhook.name)
        self.assertIsNone(webhook.headers)
        self.assertEqual(webhook.state, WebhookState.ACTIVE)

    def test_a_refusal_is_an_error_that_tells_every_broken_rule(self):
        refusal = save_webhook.sync(client=self.client, body=WebhookInput(name="Nothing else"))
        self.assertIsInstance(refusal, Error)
        self.assertEqual(refusal.error_type, "ArgumentException")
        self.assertEqual([broken.field for broken in refusal.errors], ["Events", "TargetUrl"])

    def test_whoever_shows_no_credential_is_refused_and_may_still_ask_for_the_version(self):
        # Browsers get the version as a page, and so does whoever takes anything.
        json = {"Accept": "application/json"}
        with Client(base_url=self.url, timeout=TIMEOUT, headers=json) as stranger:
            answer = get_webhook.sync_detailed(client=stranger, webhook_id=1)
            self.assertEqual(answer.status_code, 401)
            self.assertEqual(answer.parsed.error_type, "UnauthorizedAccessException")
            self.assertEqual(get_version.sync(client=stranger).v1, "v1")


if __name__ == "__main__":
    unittest.main()
