"""OpenID Connect providers, as IAM keeps them. Their tokens are tested with access."""

import pytest
from iam import assert_all_called, new_name, tags_of
from refusals import refused

PRINT = "a" * 40


def test_life_of_a_provider(iam, people, account):
    host = f"{new_name('id')}.example.com"
    told = iam.create_open_id_connect_provider(
        Url=f"https://{host}/tenant",
        ClientIDList=["app"],
        ThumbprintList=[PRINT],
        Tags=tags_of(team="a"),
    )
    arn = told["OpenIDConnectProviderArn"]
    people.providers.append(arn)
    assert arn == f"arn:aws:iam::{account}:oidc-provider/{host}/tenant"
    assert told["Tags"] == tags_of(team="a")
    named = {"OpenIDConnectProviderArn": arn}
    got = iam.get_open_id_connect_provider(**named)
    assert got["Url"] == f"{host}/tenant"
    assert (got["ClientIDList"], got["ThumbprintList"]) == (["app"], [PRINT])
    assert got["Tags"] == tags_of(team="a") and got["CreateDate"]
    with refused("EntityAlreadyExists", 409, "already exists"):
        iam.create_open_id_connect_provider(Url=f"https://{host}/tenant")
    listed = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    assert arn in [one["Arn"] for one in listed]
    iam.add_client_id_to_open_id_connect_provider(**named, ClientID="second")
    iam.add_client_id_to_open_id_connect_provider(**named, ClientID="second")
    iam.remove_client_id_from_open_id_connect_provider(**named, ClientID="app")
    iam.remove_client_id_from_open_id_connect_provider(**named, ClientID="absent")
    iam.update_open_id_connect_provider_thumbprint(**named, ThumbprintList=["b" * 40, "c" * 40])
    got = iam.get_open_id_connect_provider(**named)
    assert (got["ClientIDList"], got["ThumbprintList"]) == (["second"], ["b" * 40, "c" * 40])
    iam.tag_open_id_connect_provider(**named, Tags=tags_of(b="2"))
    iam.untag_open_id_connect_provider(**named, TagKeys=["team"])
    assert iam.list_open_id_connect_provider_tags(**named)["Tags"] == tags_of(b="2")
    iam.delete_open_id_connect_provider(**named)
    # Of what is not there, too: the original does not mind.
    iam.delete_open_id_connect_provider(**named)
    for call in (
        lambda: iam.get_open_id_connect_provider(**named),
        lambda: iam.add_client_id_to_open_id_connect_provider(**named, ClientID="x"),
        lambda: iam.list_open_id_connect_provider_tags(**named),
    ):
        with refused("NoSuchEntity", 404, f"OpenIDConnect Provider not found for arn {arn}"):
            call()


@pytest.mark.parametrize(
    "url", ["http://id.example.com", "id.example.com", "https://id.example.com?a=1", "https://"]
)
def test_urls_that_are_refused(client, url):
    loose = client("iam", parameter_validation=False)
    with refused("ValidationError", 400):
        loose.create_open_id_connect_provider(Url=url, ClientIDList=["a"])


def test_refused_input(iam):
    url = f"https://{new_name('id')}.example.com"
    with refused("ValidationError", 400, "40"):
        iam.create_open_id_connect_provider(Url=url, ThumbprintList=["z" * 40])
    with refused("InvalidInput", 400, "Thumbprint list must contain fewer than 6 entries."):
        iam.create_open_id_connect_provider(Url=url, ThumbprintList=[PRINT] * 6)
    with refused("LimitExceeded", 409, "100"):
        clients = [f"app-{n}" for n in range(101)]
        iam.create_open_id_connect_provider(Url=url, ClientIDList=clients)
    with refused("NoSuchEntity", 404):
        arn = "arn:aws:iam::123456789012:oidc-provider/other.example.com"
        iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)


def test_every_operation_was_called():
    assert_all_called("providers")
